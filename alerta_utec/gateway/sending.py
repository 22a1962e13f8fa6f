"""Writing the same bytes to many sockets: in compiled code if it is installed, else in Python."""

from array import array
from collections.abc import Sequence
from typing import Protocol

from alerta_utec.gateway.socket import ClientSocket

try:
    # native/fanout.c; see docs/decisions/0011-fan-out.md.
    from alerta_utec.gateway._fanout import send_all
except ImportError:
    send_all = None


class BulkWriter(Protocol):
    """A way to write the same bytes to many sockets."""

    def write(self, sockets: Sequence[ClientSocket], fds: "array[int]", data: bytes) -> None:
        """Write ``data`` to each socket; never waits.

        ``fds`` has the sockets' descriptors in the same order. No socket may have a backlog. To
        be called only in the event loop's thread: it alone closes sockets, so no descriptor can
        be reused for another connection meanwhile.
        """
        ...


class TransportWriter:
    """A ``BulkWriter`` in Python."""

    def write(self, sockets: Sequence[ClientSocket], fds: "array[int]", data: bytes) -> None:
        del fds
        for socket in sockets:
            socket.transport.write(data)


class DescriptorWriter:
    """A ``BulkWriter`` in C; bytes that the system does not accept go to the transports."""

    def write(self, sockets: Sequence[ClientSocket], fds: "array[int]", data: bytes) -> None:
        for index, sent_bytes in send_all(fds, data):
            sockets[index].transport.write(memoryview(data)[sent_bytes:])


COMPILED = send_all is not None
FASTEST: BulkWriter = DescriptorWriter() if COMPILED else TransportWriter()
