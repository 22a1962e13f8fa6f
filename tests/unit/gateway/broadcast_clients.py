"""Clients of a real hub, and the changes that tests broadcast to them."""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.gateway.core import Route
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.sending import COMPILED, BulkWriter, DescriptorWriter, TransportWriter
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation
from tests.e2e.raw import TEXT, RawSocket
from tests.fakes.clock import ManualClock
from tests.unit.gateway.running import Recorder, Running, gateway

SECOND = timedelta(seconds=1)
LAST = '"no more"'
LARGE = {"description": "\N{FIRE}" * 4000, "more": "x" * 8000}
WRITERS = [TransportWriter(), DescriptorWriter()] if COMPILED else [TransportWriter()]

_seqs = itertools.count(1)


class BroadcastClients:
    """A hub with connected clients, each with the filter and role that the test sets."""

    def __init__(self, running: Running, clock: ManualClock, connects: Recorder, stack: ExitStack):
        self.hub = running.hub
        self.clock = clock
        self._running = running
        self._connects = connects
        self._stack = stack
        self._clients: dict[str, RawSocket] = {}

    def connect(self, wanted: Filter | None = None, **more: Any) -> str:
        """Connect a client and return its connection's id."""
        client = self._stack.enter_context(RawSocket(self._running.port))
        assert client.handshake() == 101
        name: str = self._connects.next()["requestContext"]["connectionId"]
        self._clients[name] = client
        self.subscribe(name, wanted, **more)
        return name

    def subscribe(
        self,
        name: str,
        wanted: Filter | None = None,
        *,
        role: Role = Role.ESTUDIANTE,
        lasts: timedelta = 7200 * SECOND,
    ) -> None:
        identity = Identity(name, role)
        self.hub.connections.save(Connection(name, T0, T0 + lasts, identity, wanted or Filter()))

    def received(self, name: str) -> list[Any]:
        """Return every frame up to a last one that this sends: frames keep their order."""
        self.hub.poster.post([name], LAST)
        frames = []
        while (frame := self._clients[name].read_frame()) != (TEXT, LAST.encode()):
            assert frame[0] == TEXT
            frames.append(json.loads(frame[1]))
        return frames

    def seqs(self, name: str) -> list[int]:
        return [frame["incident"]["seq"] for frame in self.received(name)]

    def drain(self, name: str) -> None:
        """Let the client read all that the system holds for it."""
        self._clients[name].take_in()

    def waiting_bytes(self, name: str) -> int:
        """Return how many bytes this process holds for the client."""
        own = self.hub.sockets.get(name)
        assert own is not None
        return self.hub.loop.run(own.waiting_bytes)


@contextmanager
def clients_of(writer: BulkWriter) -> Iterator[BroadcastClients]:
    clock, connects = ManualClock(T0), Recorder()
    hub = Hub(clock, writer=writer)
    with gateway({"$connect": Route(connects)}, hub=hub) as running, ExitStack() as stack:
        yield BroadcastClients(running, clock, connects, stack)


def committed(change: Change) -> Change:
    return change.committed(Position("epoch", next(_seqs)))


def changes(count: int, **fields: Any) -> list[Change]:
    return [committed(creation(**fields)) for _ in range(count)]


def seqs_of(sent: list[Change]) -> list[int]:
    return [change.after.seq for change in sent]
