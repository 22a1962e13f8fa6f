"""How fast a client takes the bytes that wait for it."""

import asyncio
import socket
import sys

# Linux: the position of ``tcpi_bytes_acked`` in ``struct tcp_info``, and its size.
_BYTES_ACKED = slice(120, 128)


class Progress:
    """The bytes that the client of a transport takes while some wait for it.

    Attributes:
        moved_at_s: the time of the last look that found that it had taken any.
        enough_at_s: the time of the last look that found that it had taken ``enough_bytes``.
    """

    __slots__ = ("_counted_bytes", "_enough_bytes", "_taken_bytes", "enough_at_s", "moved_at_s")

    def __init__(
        self, transport: asyncio.WriteTransport, now_s: float, *, enough_bytes: int
    ) -> None:
        self._enough_bytes = enough_bytes
        # At the last look, and when it had last taken enough.
        self._taken_bytes = self._counted_bytes = _taken_bytes(transport)
        self.moved_at_s = self.enough_at_s = now_s

    def look(self, transport: asyncio.WriteTransport, now_s: float) -> None:
        """Note how many bytes the client has taken by now."""
        taken_bytes = _taken_bytes(transport)
        if taken_bytes > self._taken_bytes:
            self._taken_bytes, self.moved_at_s = taken_bytes, now_s
        if taken_bytes - self._counted_bytes >= self._enough_bytes:
            self._counted_bytes, self.enough_at_s = taken_bytes, now_s


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
