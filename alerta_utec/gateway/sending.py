"""The same bytes to many sockets: by a compiled loop where it is installed, else one by one."""

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

try:
    # native/fanout.c; see docs/decisions/0011-fan-out.md.
    from alerta_utec.gateway._fanout import send_all
except ImportError:
    send_all = None

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session

# Hands bytes to sockets for which nothing waits; their descriptors come in the same order.
# Only in the event loop's thread, which alone closes sockets: meanwhile no descriptor can
# become another's.
Send = Callable[[Sequence["Session"], "array[int]", bytes], None]


def by_transports(sessions: "Sequence[Session]", _fds: "array[int]", data: bytes) -> None:
    """A ``Send`` in Python."""
    for session in sessions:
        session.transport.write(data)


def by_descriptors(sessions: "Sequence[Session]", fds: "array[int]", data: bytes) -> None:
    """A ``Send`` in C; what the system does not take at once is left to the transports."""
    for place, sent in send_all(fds, data):
        sessions[place].transport.write(memoryview(data)[sent:])


COMPILED = send_all is not None
best: Send = by_descriptors if COMPILED else by_transports
