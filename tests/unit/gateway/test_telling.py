"""``LocalSubscribers`` as the hub plays them: who is told what, and how it gets to them."""

import asyncio
import itertools
import json
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.values import Status
from alerta_utec.gateway.core import Route
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.sending import COMPILED, BulkWriter, DescriptorWriter, TransportWriter
from alerta_utec.gateway.subscribers import CACHED_LOOKUPS_MAX
from alerta_utec.ports.broadcast import SendResult
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation, update
from tests.e2e.raw import TEXT, RawSocket
from tests.fakes.clock import ManualClock
from tests.unit.gateway.running import Recorder, Running, gateway

SECOND = timedelta(seconds=1)
LAST = '"no more"'
LARGE = {"description": "\N{FIRE}" * 4000, "more": "x" * 8000}
WRITERS = [TransportWriter(), DescriptorWriter()] if COMPILED else [TransportWriter()]

_seqs = itertools.count(1)


class House:
    """A hub with clients, each of which is who the test says it is."""

    def __init__(self, running: Running, clock: ManualClock, connects: Recorder, stack: ExitStack):
        self.hub = running.hub
        self.clock = clock
        self._running = running
        self._connects = connects
        self._stack = stack
        self._clients: dict[str, RawSocket] = {}

    def connect(self, wanted: Filter | None = None, **more: Any) -> str:
        """A client that listens; its connection's id."""
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

    def heard(self, name: str) -> list[Any]:
        """Every frame up to a last one of our own: frames keep their order."""
        self.hub.poster.post([name], LAST)
        frames = []
        while (frame := self._clients[name].read_frame()) != (TEXT, LAST.encode()):
            assert frame[0] == TEXT
            frames.append(json.loads(frame[1]))
        return frames

    def seqs(self, name: str) -> list[int]:
        return [frame["incident"]["seq"] for frame in self.heard(name)]

    def take_in(self, name: str) -> None:
        """Let the client take what has come for it off the system's hands."""
        self._clients[name].take_in()

    def waiting_bytes(self, name: str) -> int:
        """What this process holds for the client."""
        own = self.hub.sockets.get(name)
        assert own is not None
        return self.hub.loop.run(own.waiting_bytes)


@contextmanager
def house_of(writer: BulkWriter) -> Iterator[House]:
    clock, connects = ManualClock(T0), Recorder()
    hub = Hub(clock, writer=writer)
    with gateway({"$connect": Route(connects)}, hub=hub) as running, ExitStack() as stack:
        yield House(running, clock, connects, stack)


@pytest.fixture(params=WRITERS, ids=lambda writer: type(writer).__name__)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with house_of(request.param) as opened:
        yield opened


def committed(change: Change) -> Change:
    return change.committed(Position("epoch", next(_seqs)))


def changes(count: int, **fields: Any) -> list[Change]:
    return [committed(creation(**fields)) for _ in range(count)]


def seqs_of(sent: list[Change]) -> list[int]:
    return [change.after.seq for change in sent]


def test_everyone_hears_of_a_change_and_of_its_position(house: House) -> None:
    names = [house.connect() for _ in range(3)]
    [change] = changes(1, aula="A-101")

    posted = house.hub.subscribers.broadcast([change])

    assert posted == [SendResult(delivered=3)]
    for name in names:
        [frame] = house.heard(name)
        assert frame["type"] == "incident_update"
        assert frame["position"] == str(change.position)
        assert frame["incident"] == change.after.to_json()


@pytest.mark.parametrize("role", Role)
def test_only_staff_is_told_who_reported_it(house: House, role: Role) -> None:
    name = house.connect(role=role)

    house.hub.subscribers.broadcast(changes(1, user="rosa"))

    [frame] = house.heard(name)
    told = frame["incident"].get("reportedBy")
    assert told == (None if role is Role.ESTUDIANTE else "rosa")


def test_a_client_hears_what_its_filter_concerns_before_or_after(house: House) -> None:
    high = house.connect(Filter(urgency=frozenset({"high"})))
    pending = house.connect(Filter(status=frozenset({"pendiente"})))
    resolved = house.connect(Filter(status=frozenset({"resuelto"})))
    created = committed(creation())
    moved = committed(update(created.after, status=Status.RESUELTO))

    posted = house.hub.subscribers.broadcast([moved])

    assert posted == [SendResult(delivered=2)]
    assert [len(house.heard(name)) for name in (high, pending, resolved)] == [0, 1, 1]


def test_changes_told_at_once_reach_each_client_that_they_concern_in_their_order(
    house: House,
) -> None:
    everything = house.connect()
    high = house.connect(Filter(urgency=frozenset({"high"})))
    staff = house.connect(Filter(location=frozenset({"patio"})), role=Role.PERSONAL)
    nowhere = house.connect(Filter(location=frozenset({"biblioteca"})))
    sent = [
        *changes(2, urgency="low"),
        *changes(2, urgency="high"),
        *changes(1, urgency="high", location="Patio"),
        *changes(1, urgency="low", location="Patio"),
        *changes(1, urgency="low"),
    ]

    posted = house.hub.subscribers.broadcast(sent)

    assert house.seqs(everything) == seqs_of(sent)
    assert house.seqs(high) == seqs_of(sent[2:5])
    assert house.seqs(staff) == seqs_of(sent[4:6])
    assert house.seqs(nowhere) == []
    assert [one.delivered for one in posted] == [1, 1, 2, 2, 3, 2, 1]


def test_who_comes_goes_or_changes_rooms_is_told_from_the_next_change_on(house: House) -> None:
    high = Filter(urgency=frozenset({"high"}))
    patio = Filter(location=frozenset({"patio"}))
    stays, leaves, moves = house.connect(high), house.connect(patio), house.connect(patio)
    sent = changes(4, urgency="high", location="Patio")

    told = [house.hub.subscribers.broadcast(sent[:1])]
    comes = house.connect(high)
    told.append(house.hub.subscribers.broadcast(sent[1:2]))
    house.hub.connections.delete(leaves)
    told.append(house.hub.subscribers.broadcast(sent[2:3]))
    house.subscribe(moves, Filter(location=frozenset({"biblioteca"})))
    told.append(house.hub.subscribers.broadcast(sent[3:]))

    assert [posted.delivered for [posted] in told] == [3, 4, 3, 2]
    assert house.seqs(stays) == seqs_of(sent)
    assert house.seqs(comes) == seqs_of(sent[1:])
    assert house.seqs(leaves) == seqs_of(sent[:2])
    assert house.seqs(moves) == seqs_of(sent[:3])


def test_more_sets_of_listeners_than_are_remembered_are_told_all_the_same(house: House) -> None:
    everything = house.connect()
    places = [f"Sala {number}" for number in range(CACHED_LOOKUPS_MAX + 4)]
    names = [house.connect(Filter(location=frozenset({place.casefold()}))) for place in places]
    sent = [change for place in places * 2 for change in changes(1, location=place)]

    posted = [house.hub.subscribers.broadcast([change])[0].delivered for change in sent]

    assert posted == [2] * len(sent)
    assert house.seqs(everything) == seqs_of(sent)
    for number, name in enumerate(names):
        assert house.seqs(name) == seqs_of(sent[number :: len(places)])


def test_a_new_filter_holds_from_the_next_change_on(house: House) -> None:
    name = house.connect()
    first, second, third = changes(3)

    house.hub.subscribers.broadcast([first])
    house.subscribe(name, Filter(urgency=frozenset({"high"})))
    house.hub.subscribers.broadcast([second])
    house.subscribe(name)
    house.hub.subscribers.broadcast([third])

    assert house.seqs(name) == seqs_of([first, third])


def test_a_connection_hears_nothing_from_its_expiry_on(house: House) -> None:
    short = house.connect(lasts=10 * SECOND)
    long = house.connect(lasts=20 * SECOND)
    sent = changes(4)

    delivered = []
    for moment, change in zip((9, 10, 19, 20), sent, strict=True):
        house.clock.set(T0 + moment * SECOND)
        delivered += [posted.delivered for posted in house.hub.subscribers.broadcast([change])]

    assert delivered == [2, 1, 1, 0]
    assert house.seqs(short) == seqs_of(sent[:1])
    assert house.seqs(long) == seqs_of(sent[:3])


def test_a_connection_that_is_not_kept_hears_nothing(house: House) -> None:
    name = house.connect()

    house.hub.connections.delete(name)

    assert house.hub.subscribers.broadcast(changes(1)) == [SendResult()]
    assert house.heard(name) == []


def test_a_socket_that_is_still_opening_is_not_told(house: House) -> None:
    house.hub.connections.save(Connection("opening", T0, T0 + SECOND))

    assert house.hub.subscribers.broadcast(changes(1)) == [SendResult()]


def test_telling_keeps_a_connection_active(house: House) -> None:
    name = house.connect()
    own = house.hub.sockets.get(name)
    assert own is not None
    before = house.hub.sockets.last_active_ms(own)
    own.touched_ms = 0

    house.hub.subscribers.broadcast(changes(1))
    house.subscribe(name, Filter(urgency=frozenset({"high"})))

    assert house.hub.sockets.last_active_ms(own) >= before


def test_who_was_told_with_others_stays_active_when_they_have_gone(house: House) -> None:
    names = [house.connect(), house.connect(Filter(status=frozenset({"pendiente"})))]
    opened = [house.hub.sockets.get(name) for name in names]
    for own in opened:
        assert own is not None
        own.touched_ms = 0
    house.hub.subscribers.broadcast(changes(1))
    told = [house.hub.sockets.last_active_ms(own) for own in opened if own]

    other = house.connect()
    house.hub.connections.delete(names[1])

    assert min(told) > 0
    assert [house.hub.sockets.last_active_ms(own) for own in opened if own] == told
    new = house.hub.sockets.get(other)
    assert new is not None
    assert house.hub.sockets.last_active_ms(new) >= max(told)


def test_what_the_system_does_not_take_at_once_arrives_whole_and_in_order(house: House) -> None:
    slow, quick = house.connect(Filter(status=frozenset({"pendiente"}))), house.connect()
    sent: list[Change] = []

    while not house.waiting_bytes(slow):
        sent += tell_one(house, LARGE)
        assert house.seqs(quick) == seqs_of(sent[-1:])

    def make_room_and_tell() -> None:
        # What waits in the transport is not sent on before the loop's next turn.
        house.take_in(slow)
        sent.extend(tell_one(house, {}))

    house.hub.loop.run(make_room_and_tell)

    assert house.seqs(slow) == seqs_of(sent)
    sent += tell_one(house, {})
    assert house.seqs(slow) == seqs_of(sent[-1:])


def tell_one(house: House, fields: dict[str, Any]) -> list[Change]:
    sent = changes(1, **fields)
    assert house.hub.subscribers.broadcast(sent)[0].delivered == 2
    return sent


def test_nothing_reaches_a_socket_that_takes_over_the_descriptor_of_one_that_was_lost(
    house: House,
) -> None:
    name = house.connect()
    own = house.hub.sockets.get(name)
    assert own is not None
    done: Future[tuple[int, Sequence[SendResult], bytes]] = Future()

    def take_over() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            posted = house.hub.subscribers.broadcast(changes(1))
            with suppress(BlockingIOError):
                done.set_result((ours.fileno(), posted, theirs.recv(1)))
            if not done.done():
                done.set_result((ours.fileno(), posted, b""))

    def lose() -> None:
        # The transport closes the descriptor in the next turn, and this comes right after it.
        own.transport.abort()
        asyncio.get_running_loop().call_soon(take_over)

    house.hub.loop.run(lose)

    assert done.result(10) == (own.fd, [SendResult()], b"")
