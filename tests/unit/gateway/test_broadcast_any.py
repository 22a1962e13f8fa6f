"""``GatewaySubscribers`` with any changes and any clients: each gets its changes, once."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.change import Change
from alerta_utec.gateway.broadcast import GatewaySubscribers
from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.registry import SocketRegistry
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock
from tests.support.broadcasts import Listener, batches, listeners

T = TypeVar("T")


@dataclass(eq=False)
class OpenSocket:
    """A socket that keeps what is written to it; it stands for ``ClientSocket``."""

    name: str
    backlogged: bool
    written: bytes = b""
    fd: int = -1
    touched_ms: int = 0
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = SimpleNamespace(connection_id=self.name)

    def write(self, data: bytes) -> bool:
        self.written += data
        return True

    def frames(self) -> list[str]:
        """Return the texts of the frames that were written."""
        found, data = [], self.written
        while data:
            assert data[0] == 0x81
            length, start = data[1], 2
            if length > 125:
                start = 4 if length == 126 else 10
                length = int.from_bytes(data[2:start])
            found.append(data[start : start + length].decode())
            data = data[start + length :]
        return found


class DirectWriter:
    """A ``BulkWriter`` to these sockets."""

    def write(self, sockets: Sequence[Any], fds: "array[int]", data: bytes) -> None:
        for socket in sockets:
            socket.write(data)


class DirectLoop:
    """Runs what is to run in the event loop at once."""

    def run(self, work: Callable[[], T]) -> T:
        return work()


@given(
    st.lists(st.tuples(listeners, st.booleans()), max_size=8),
    st.lists(batches(max_size=12), min_size=1, max_size=2),
)
def test_each_client_gets_exactly_its_changes_once_and_in_order(
    clients: list[tuple[Listener, bool]], broadcasts: list[list[Change]]
) -> None:
    directory: Any = SubscriberDirectory()
    subscribers = GatewaySubscribers(
        directory,
        SocketRegistry(directory, Limits()),
        DirectLoop(),  # type: ignore[arg-type]  # it has the method that is used
        ManualClock(T0),
        DirectWriter(),
    )
    sockets = [OpenSocket(str(number), slow) for number, (_, slow) in enumerate(clients)]
    for socket, (listener, _) in zip(sockets, clients, strict=True):
        directory.save(listener.connection(socket.name))
        directory.add_socket(socket)

    for changes in broadcasts:
        before = [len(socket.frames()) for socket in sockets]
        results = subscribers.broadcast(changes)
        expected = [listener.expected(changes) for listener, _ in clients]

        found = [
            listener.seqs_in(socket.frames()[start:])
            for socket, (listener, _), start in zip(sockets, clients, before, strict=True)
        ]
        assert found == expected
        assert [result.delivered for result in results] == [
            sum(change.after.seq in own for own in expected) for change in changes
        ]
