"""The sign of life that every open socket gets, by which clients notice a silent network."""

import asyncio
import logging
import time
from collections.abc import Collection

from alerta_utec import wire
from alerta_utec.domain.change import Change, Position
from alerta_utec.gateway.frames import PING_FRAME, text_frame
from alerta_utec.gateway.recipients import Recipients
from alerta_utec.gateway.registry import SocketRegistry
from alerta_utec.gateway.sending import FASTEST, BulkWriter
from alerta_utec.gateway.socket import ClientSocket

log = logging.getLogger(__name__)

# Sockets that are written to in one turn of the event loop: about 6 ms.
SOCKETS_PER_TURN = 1000


class Heartbeat:
    """A timer that writes one frame to every open socket.

    Clients that selected a subprotocol get the feed's position as a message, which counts as
    activity. The others get an empty ping frame, which their programs do not see, and which does
    not count, as on API Gateway.

    It is a ``CommitListener``: the position is that of the last committed change.

    Args:
        position: the feed's position at the start.
        per_turn: the sockets that are written to in one turn of the event loop.
    """

    def __init__(
        self,
        sockets: SocketRegistry,
        position: Position,
        every_s: float,
        writer: BulkWriter = FASTEST,
        *,
        per_turn: int = SOCKETS_PER_TURN,
    ) -> None:
        self._sockets = sockets
        self._position = position
        self._every_s = every_s
        self._writer = writer
        self._per_turn = per_turn

    def committed(self, change: Change) -> None:
        """Note the feed's new position; from any thread."""
        if change.position is not None:
            self._position = change.position

    async def run(self) -> None:
        """Write to every socket at each interval, until the task is cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.beat()
            except Exception:
                log.exception("heartbeat_failed")

    async def beat(self) -> None:
        """Write one frame to every open socket."""
        frame = text_frame(wire.position(self._position).encode())
        sockets = self._sockets.all()
        for start in range(0, len(sockets), self._per_turn):
            # Between two turns a socket may have closed, and its descriptor be in use again.
            turn = [one for one in sockets[start : start + self._per_turn] if self._is_open(one)]
            subscribed = [socket for socket in turn if socket.subprotocol is not None]
            now_ms = int(time.time() * 1000)
            for socket in subscribed:
                socket.touched_ms = now_ms
            self._write(subscribed, frame)
            self._write([socket for socket in turn if socket.subprotocol is None], PING_FRAME)
            await asyncio.sleep(0)

    def _is_open(self, socket: ClientSocket) -> bool:
        return (
            self._sockets.get(socket.client.connection_id) is socket
            and socket.closing is None
            and not socket.transport.is_closing()
        )

    def _write(self, sockets: Collection[ClientSocket], data: bytes) -> None:
        recipients = Recipients(sockets)
        self._writer.write(recipients.ready, recipients.fds, data)
        for socket in recipients.backlogged:
            # Bytes that wait already are the next sign of life.
            if not socket.waiting_bytes():
                socket.transport.write(data)
