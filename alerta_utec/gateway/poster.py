"""The ``Poster`` port on one machine: one frame to named sockets."""

from collections.abc import Sequence

from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.loop_bridge import LoopBridge
from alerta_utec.gateway.registry import SocketRegistry
from alerta_utec.ports.broadcast import SendResult


class GatewayPoster:
    """``Poster`` over the open sockets of this process."""

    def __init__(
        self, directory: SubscriberDirectory, sockets: SocketRegistry, loop: LoopBridge
    ) -> None:
        self._directory = directory
        self._sockets = sockets
        self._loop = loop

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        """See ``Poster``; it never waits for a client, so no deadline passes."""
        del deadline_s
        data = text_frame(frame.encode())
        recipients = tuple(dict.fromkeys(connection_ids))
        return self._loop.run(lambda: self._post(recipients, data))

    def _post(self, connection_ids: Sequence[str], data: bytes) -> SendResult:
        gone, throttled = [], []
        for connection_id in connection_ids:
            socket = self._directory.socket(connection_id)
            if socket is None:
                gone.append(connection_id)
            elif not socket.write(data):
                throttled.append(connection_id)
        self._sockets.enforce_total_limit()
        delivered = len(connection_ids) - len(gone) - len(throttled)
        return SendResult(delivered, tuple(gone), tuple(throttled))
