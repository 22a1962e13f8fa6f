"""The HTTP responses that their clients have not read yet: limits of their bytes and their time."""

import asyncio
import logging
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from alerta_utec.gateway.limits import Limits

log = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0
# Larger responses are written in pieces of this size, each when the one before has left.
PIECE_BYTES = 64 * 1024
# Linux: the position of ``tcpi_bytes_acked`` in ``struct tcp_info``, and its size.
_BYTES_ACKED = slice(120, 128)
# ``struct linger``: do not linger.
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class _Progress:
    """How many bytes a client had taken when it had last taken enough, and when that was."""

    taken_bytes: int
    at_s: float


class HttpBacklog:
    """The HTTP connections whose bytes wait for their clients; only for the event loop.

    WebSockets have the limits of ``socket.py`` and ``registry.py`` instead. A client must take
    ``response_min_bytes`` in each ``response_stall_s``, or it is cut off. All responses together
    have at most ``responses_max_bytes``: for a further one the clients that take nothing are cut
    off first, and if that is not enough, it is refused.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Connections with bytes in their transport.
        self._waiting: dict[asyncio.WriteTransport, _Progress] = {}
        # The bytes of large responses that are not in the transport yet.
        self._unsent: dict[asyncio.WriteTransport, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, transport: asyncio.WriteTransport) -> None:
        """Note that bytes began to wait in the transport."""
        loop = asyncio.get_running_loop()
        self._waiting[transport] = _Progress(_taken_bytes(transport), loop.time())
        if self._timer is None:
            self._timer = loop.call_later(CHECK_EVERY_S, self._check)

    def remove(self, transport: asyncio.WriteTransport) -> None:
        """Note that no bytes wait in the transport any more."""
        self._waiting.pop(transport, None)

    def set_unsent(self, transport: asyncio.WriteTransport, size_bytes: int) -> None:
        """Note how much of a large response is not in the transport yet."""
        if size_bytes:
            self._unsent[transport] = size_bytes
        else:
            self._unsent.pop(transport, None)

    def admit(self, size_bytes: int) -> bool:
        """Return whether a response of this size can wait for its client too.

        One of ``PIECE_BYTES`` always can: the transport itself holds as much.
        """
        if size_bytes <= PIECE_BYTES:
            return True
        excess = self.waiting_bytes() + size_bytes - self._limits.responses_max_bytes
        if excess <= 0:
            return True
        now_s = asyncio.get_running_loop().time()
        for _, _, transport in sorted(
            (at_s, id(transport), transport)
            for transport, progress in self._waiting.items()
            if now_s - (at_s := self._last_progress_s(transport, progress, now_s)) > CHECK_EVERY_S
        ):
            if excess <= 0:
                break
            excess -= transport.get_write_buffer_size() + self._unsent.get(transport, 0)
            self._cut_off(transport)
        return excess <= 0

    def waiting_bytes(self) -> int:
        """Return how many bytes this process holds for all clients together."""
        buffered = sum(transport.get_write_buffer_size() for transport in self._waiting)
        return buffered + sum(self._unsent.values())

    def close(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for transport, progress in tuple(self._waiting.items()):
            at_s = self._last_progress_s(transport, progress, now_s)
            if now_s - at_s > self._limits.response_stall_s:
                self._cut_off(transport)
        self._timer = loop.call_later(CHECK_EVERY_S, self._check) if self._waiting else None

    def _last_progress_s(
        self, transport: asyncio.WriteTransport, progress: _Progress, now_s: float
    ) -> float:
        taken = _taken_bytes(transport)
        if taken - progress.taken_bytes >= self._limits.response_min_bytes:
            progress.taken_bytes, progress.at_s = taken, now_s
        return progress.at_s

    def _cut_off(self, transport: asyncio.WriteTransport) -> None:
        log.warning("http_client_too_slow", extra={"waiting_bytes": self.waiting_bytes()})
        self._waiting.pop(transport, None)
        self._unsent.pop(transport, None)
        # A reset, since the system would keep what it has of the response for a long time.
        with suppress(OSError, AttributeError):
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        transport.abort()


class LargeResponse(web.Response):
    """A response that is written in pieces, so that the transport holds one piece only.

    A TLS transport would hide the rest of a single write in the transport below it.
    """

    def __init__(self, backlog: HttpBacklog, response: web.Response) -> None:
        super().__init__(status=response.status, body=response.body, headers=response.headers)
        self._backlog = backlog

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body, and wait until the client has taken all but the last piece."""
        writer, request, body = self._payload_writer, self._req, self.body
        transport = request.transport if request is not None else None
        if writer is None or transport is None or not isinstance(body, bytes):
            await super().write_eof(data)
            return
        if not self._must_be_empty_body:
            await self._write_pieces(writer, memoryview(body), transport)
        self._body = None
        await super().write_eof()

    async def _write_pieces(
        self, writer: AbstractStreamWriter, body: memoryview, transport: asyncio.Transport
    ) -> None:
        try:
            for start in range(0, len(body), PIECE_BYTES):
                piece = body[start : start + PIECE_BYTES]
                self._backlog.set_unsent(transport, len(body) - start - len(piece))
                await writer.write(bytes(piece))
                await writer.drain()
        finally:
            self._backlog.set_unsent(transport, 0)


def _taken_bytes(transport: asyncio.WriteTransport) -> int:
    """Return a number that rises as the client takes bytes.

    The bytes that it has acknowledged, where the system tells them (Linux): the transport's own
    bytes fall in large steps only, and not at all below TLS.
    """
    try:
        connection = transport.get_extra_info("socket")
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.stop)
        acknowledged = info[_BYTES_ACKED]
    except (OSError, AttributeError):
        acknowledged = b""
    if len(acknowledged) == 8:
        return int.from_bytes(acknowledged, byteorder=sys.byteorder)
    return -transport.get_write_buffer_size()
