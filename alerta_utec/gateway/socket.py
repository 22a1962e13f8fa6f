"""The writing half of one client's connection: frames out, their backlog, and the close.

``session.py`` is the reading half; ``registry.py`` knows all sockets and observes them.
"""

import asyncio
import logging
import time
from typing import Protocol

from aiohttp import web

from alerta_utec.gateway.events import ClientContext
from alerta_utec.gateway.frames import close_frame
from alerta_utec.gateway.limits import Limits

log = logging.getLogger(__name__)

TOO_SLOW = (1013, "Try again later")
# The descriptor of a socket that must be written through its transport.
NO_FD = -1


class SocketObserver(Protocol):
    """A receiver of what changes at a socket; called in the event loop, must not wait."""

    def on_backlog_changed(self, socket: "ClientSocket") -> None:
        """Take note of the socket's new ``backlogged``."""
        ...

    def on_cut_off(self, socket: "ClientSocket") -> None:
        """Send no more frames to the socket; bytes still wait in its transport."""
        ...

    def on_closed(self, socket: "ClientSocket") -> None:
        """Forget the socket: it is closed or about to be. May be called more than once."""
        ...


class ClientSocket:
    """One open WebSocket, as those see it that write to it; only for the event loop."""

    __slots__ = (
        "_limits",
        "_observer",
        "backlogged",
        "client",
        "closing",
        "ended",
        "fd",
        "subprotocol",
        "touched_ms",
        "transport",
        "web_socket",
    )

    def __init__(
        self,
        client: ClientContext,
        web_socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport,
        *,
        limits: Limits,
        observer: SocketObserver,
    ) -> None:
        self.client = client
        self.web_socket = web_socket
        # The selected one; ``None``: the client offered none that the service has.
        self.subprotocol: str | None = web_socket.ws_protocol
        self.transport = transport
        self._limits = limits
        self._observer = observer
        # TLS encrypts in the transport: such a socket has no descriptor to write to and counts
        # as backlogged for good.
        encrypted = transport.get_extra_info("sslcontext") is not None
        self.fd = NO_FD if encrypted else transport.get_extra_info("socket").fileno()
        # Whether bytes wait in the transport, so that later ones must queue behind them.
        self.backlogged = encrypted
        # The last message to or from this client alone, in epoch milliseconds; broadcasts are
        # noted by its subscriber group (``SocketRegistry.last_active_ms``).
        self.touched_ms = client.connected_at_ms
        # The code and reason of the close frame, once the close has begun.
        self.closing: tuple[int, str] | None = None
        # Done when ``$disconnect`` has run.
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def report_backlog(self) -> None:
        """Make the transport report a backlog as soon as one byte waits in it."""
        if self.fd != NO_FD:
            self.transport.set_write_buffer_limits(high=0)
        else:
            self.transport.set_write_buffer_limits()  # the defaults, which HTTP has lowered

    def write(self, data: bytes) -> bool:
        """Queue whole frames for the client; never waits.

        Returns:
            False if the client reads too slowly. It is cut off (1013) and synchronises later.
        """
        if self.closing is not None or self.transport.is_closing():
            return False
        if self.waiting_bytes() + len(data) > self._limits.buffer_max_bytes:
            self.cut_off()
            return False
        self.transport.write(data)
        self.touch()
        return True

    def waiting_bytes(self) -> int:
        """Return how many bytes this process still holds for the client."""
        return self.transport.get_write_buffer_size()

    def touch(self) -> None:
        """Note a message to or from the client."""
        self.touched_ms = int(time.time() * 1000)

    def on_backlog(self) -> None:
        """Note that bytes began to wait in the transport."""
        self.backlogged = True
        self._observer.on_backlog_changed(self)

    def on_drained(self) -> None:
        """Note that no bytes wait in the transport any more."""
        self.backlogged = self.fd == NO_FD
        self._observer.on_backlog_changed(self)

    def on_lost(self) -> None:
        """Note that the connection is over."""
        self._observer.on_closed(self)

    def cut_off(self) -> None:
        """End a connection whose client reads too slowly."""
        if self.closing is not None:
            return
        log.warning("client_too_slow", extra={"connection_id": self.client.connection_id})
        self.closing = TOO_SLOW
        self.transport.write(close_frame(*TOO_SLOW))
        self._observer.on_cut_off(self)
        # A client that does not read never sees that frame, so the abort waits for no answer.
        asyncio.get_running_loop().call_later(self._limits.abort_after_s, self.abort)

    def abort(self) -> None:
        """End the connection at once and drop the bytes that wait for its client."""
        self._observer.on_closed(self)
        self.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame and end the connection, unless a close has begun already."""
        if self.closing is not None:
            return
        self.closing = (code, reason)
        self._observer.on_closed(self)
        try:
            async with asyncio.timeout(self._limits.closing_s):
                await self.web_socket.close(code=code, message=reason.encode())
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self.transport.abort()

    async def answer_close(self, code: int) -> None:
        """Echo the client's close frame, without waiting for a client that reads no more."""
        self.closing = (code, "")
        self._observer.on_closed(self)
        try:
            async with asyncio.timeout(self._limits.closing_s):
                await self.web_socket.close(code=code, drain=False)
        except (TimeoutError, ConnectionError):
            pass
        if self.transport.is_closing():
            loop = asyncio.get_running_loop()
            loop.call_later(self._limits.abort_after_s, self.transport.abort)
        else:
            self.transport.abort()
