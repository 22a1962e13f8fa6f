"""The HTTP responses that their clients have not read yet: limits of their bytes and their time."""

import asyncio
import logging
import socket
import struct
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress

from alerta_utec.domain.client_address import counted_as
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.response_progress import Progress

log = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0
# A client that has taken no byte for this long makes room for others.
IDLE_S = 3.0
# Errors, receipts and the state of the service always go out.
SMALL_BYTES = 4 * 1024
# ``struct linger``: do not linger.
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class HttpBacklog:
    """The HTTP connections whose bytes wait for their clients; only for the event loop.

    WebSockets have the limits of ``socket.py`` and ``registry.py`` instead. A client must take
    ``response_min_bytes`` in each ``response_stall_s``, or it is cut off. The responses to one
    address have at most ``responses_per_address_max_bytes``, those to all ``responses_max_bytes``.
    For a further one, connections that take nothing are cut off, and of the others those of
    addresses that hold more; if that is not enough, it is refused.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Connections with bytes in their transport.
        self._waiting: dict[asyncio.WriteTransport, Progress] = {}
        # The bytes of large responses that are not in the transport yet.
        self._unsent: dict[asyncio.WriteTransport, int] = {}
        # The address, as limits count it, that the last response of a connection went to.
        self._addresses: dict[asyncio.WriteTransport, str] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, transport: asyncio.WriteTransport) -> None:
        """Note that bytes began to wait in the transport."""
        loop = asyncio.get_running_loop()
        enough_bytes = self._limits.response_min_bytes
        self._waiting[transport] = Progress(transport, loop.time(), enough_bytes=enough_bytes)
        if self._timer is None:
            self._timer = loop.call_later(CHECK_EVERY_S, self._check)

    def remove(self, transport: asyncio.WriteTransport) -> None:
        """Note that no bytes wait in the transport any more."""
        self._waiting.pop(transport, None)

    def forget(self, transport: asyncio.WriteTransport) -> None:
        """Note that the connection is over."""
        self._waiting.pop(transport, None)
        self._unsent.pop(transport, None)
        self._addresses.pop(transport, None)

    def set_unsent(self, transport: asyncio.WriteTransport, size_bytes: int) -> None:
        """Note how much of a large response is not in the transport yet."""
        if size_bytes:
            self._unsent[transport] = size_bytes
        else:
            self._unsent.pop(transport, None)

    def admit(self, transport: asyncio.WriteTransport, client: str, size_bytes: int) -> bool:
        """Return whether a response of this size can wait for its client too."""
        if size_bytes <= SMALL_BYTES:
            return True
        address = self._addresses[transport] = counted_as(client)
        held = self._held()
        own = [one for one in held if self._addresses.get(one) == address]
        own_bytes = size_bytes + sum(map(self._bytes_of, own))
        excess_bytes = own_bytes - self._limits.responses_per_address_max_bytes
        if not self._make_room(excess_bytes, self._idle(own)):
            return False
        return any(
            self._make_room(self._excess_bytes(size_bytes), transports)
            for transports in (self._idle(held), self._of_heavier(held, own_bytes))
        )

    def waiting_bytes(self) -> int:
        """Return how many bytes this process holds for all clients together."""
        return sum(map(self._bytes_of, self._held()))

    def _excess_bytes(self, size_bytes: int) -> int:
        return self.waiting_bytes() + size_bytes - self._limits.responses_max_bytes

    def close(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()

    def _held(self) -> Collection[asyncio.WriteTransport]:
        """Return the connections with bytes that wait, as they are now."""
        return self._waiting.keys() | self._unsent.keys()

    def _bytes_of(self, transport: asyncio.WriteTransport) -> int:
        return transport.get_write_buffer_size() + self._unsent.get(transport, 0)

    def _make_room(self, excess_bytes: int, transports: Iterator[asyncio.WriteTransport]) -> bool:
        """Cut off so many of the transports that ``excess_bytes`` are free, if they suffice."""
        while excess_bytes > 0 and (transport := next(transports, None)) is not None:
            excess_bytes -= self._bytes_of(transport)
            self._cut_off(transport)
        return excess_bytes <= 0

    def _idle(
        self, transports: Collection[asyncio.WriteTransport]
    ) -> Iterator[asyncio.WriteTransport]:
        """Yield the transports whose clients take nothing, the longest first."""
        now_s = asyncio.get_running_loop().time()
        moved_at_s = {
            one: self._look(one, now_s).moved_at_s for one in transports if one in self._waiting
        }
        for transport in sorted(moved_at_s, key=moved_at_s.__getitem__):
            if now_s - moved_at_s[transport] > IDLE_S:
                yield transport

    def _of_heavier(
        self, transports: Collection[asyncio.WriteTransport], than_bytes: int
    ) -> Iterator[asyncio.WriteTransport]:
        """Yield the transports of addresses that hold more, those of the heaviest first."""
        weights: Counter[str] = Counter()
        for transport in transports:
            weights[self._addresses.get(transport, "")] += self._bytes_of(transport)
        for address, weight in weights.most_common():
            for transport in transports:
                if weight > than_bytes and self._addresses.get(transport, "") == address:
                    weight -= self._bytes_of(transport)
                    yield transport

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for transport in tuple(self._waiting):
            if now_s - self._look(transport, now_s).enough_at_s > self._limits.response_stall_s:
                self._cut_off(transport)
        self._timer = loop.call_later(CHECK_EVERY_S, self._check) if self._waiting else None

    def _look(self, transport: asyncio.WriteTransport, now_s: float) -> Progress:
        progress = self._waiting[transport]
        progress.look(transport, now_s)
        return progress

    def _cut_off(self, transport: asyncio.WriteTransport) -> None:
        log.warning("http_client_too_slow", extra={"waiting_bytes": self.waiting_bytes()})
        self.forget(transport)
        # A reset, since the system would keep what it has of the response for a long time.
        with suppress(OSError, AttributeError):
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        transport.abort()
