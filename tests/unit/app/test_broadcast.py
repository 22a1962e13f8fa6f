"""``Broadcast``: every matching connection receives the change, and outcomes are counted."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.app.broadcast import HANDSHAKE_MAX, Broadcast
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import expires_at
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.values import Status
from alerta_utec.ports.connections import Connection
from tests.contract.builders import creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.poster import FakePoster
from tests.support.temporary_store import TemporaryStore

SECOND = timedelta(seconds=1)


class Setup:
    """The use cases of a delivery over fakes, with the clients of the test."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.connections = FakeConnections(self.clock)
        self.poster = FakePoster()
        self.deliveries = FakeDeliveries()
        self.recorder = Recorder(self.deliveries)
        self.broadcast = Broadcast(self.connections, self.poster, self.clock, self.recorder)
        self.store = TemporaryStore().incidents

    def connect(
        self,
        name: str,
        chosen: Filter | None = None,
        *,
        age: timedelta = HANDSHAKE_MAX * 2,
        role: Role = Role.ESTUDIANTE,
    ) -> list[str]:
        opened = self.clock.now() - age
        self.connections.save(
            Connection(name, opened, expires_at(opened), Identity(name, role), chosen or Filter())
        )
        self.poster.open[name] = []
        return self.poster.open[name]

    def known(self) -> set[str]:
        return {c.connection_id for page in self.connections.pages() for c in page}

    def outcomes(self, change: Change) -> dict[str, dict[str, Any]]:
        return {
            d.channel: dict(d.outcome) for d in self.deliveries.for_incident(change.incident_id)
        }

    def commit(self, change: Change) -> Change:
        return self.store.commit(change).change


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_every_client_receives_the_incident_and_its_position(setup: Setup) -> None:
    first, second = setup.connect("a"), setup.connect("b")
    change = setup.commit(creation(incidentId="i", user="rosa", aula="A-101"))

    counts = setup.broadcast.broadcast(change)

    assert first == second
    (frame,) = map(json.loads, first)
    assert frame["type"] == "incident_update"
    assert frame["position"] == str(change.position)
    assert frame["incident"]["incidentId"] == "i"
    assert frame["incident"]["aula"] == "A-101"
    assert "reportedBy" not in frame["incident"]
    assert counts.pop("ms") >= 0
    assert counts == {"attempted": 2, "delivered": 2, "gone": 0, "throttled": 0, "failed": 0}


@pytest.mark.parametrize("role", Role)
def test_only_staff_receive_the_name_of_the_reporter(setup: Setup, role: Role) -> None:
    frames = setup.connect("a", role=role)

    setup.broadcast.broadcast(setup.commit(creation(user="rosa")))

    told = json.loads(frames[0])["incident"].get("reportedBy")
    assert told == (None if role is Role.ESTUDIANTE else "rosa")


def test_only_clients_with_a_matching_filter_receive_the_change(setup: Setup) -> None:
    high = setup.connect("high", Filter(urgency=frozenset({"high"})))
    pending = setup.connect("pending", Filter(status=frozenset({"pendiente"})))
    other = setup.connect("other", Filter(location=frozenset({"biblioteca"})))
    created = setup.commit(creation())

    counts = setup.broadcast.broadcast(setup.commit(update(created.after, status=Status.RESUELTO)))

    assert (len(high), len(pending), len(other)) == (0, 1, 0)
    assert counts["attempted"] == counts["delivered"] == 1


def test_outcomes_are_counted_and_a_failed_client_affects_no_other(setup: Setup) -> None:
    fine = [setup.connect(f"fine{n}") for n in range(3)]
    for name in ("gone", "slow", "broken"):
        setup.connect(name)
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")

    counts = setup.broadcast.broadcast(setup.commit(creation()))

    counts.pop("ms")
    assert counts == {"attempted": 6, "delivered": 3, "gone": 1, "throttled": 1, "failed": 1}
    assert [len(frames) for frames in fine] == [1, 1, 1]


def test_a_gone_connection_is_deleted_and_a_slow_one_is_kept(setup: Setup) -> None:
    for name in ("gone", "slow", "broken"):
        setup.connect(name)
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")

    setup.broadcast.broadcast(setup.commit(creation()))

    assert setup.known() == {"slow", "broken"}


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (HANDSHAKE_MAX - SECOND, True),
        (HANDSHAKE_MAX, True),
        (HANDSHAKE_MAX + SECOND, False),
    ],
)
def test_a_gone_connection_that_may_be_in_its_handshake_is_kept(
    setup: Setup, age: timedelta, kept: bool
) -> None:
    setup.connect("young", age=age)
    setup.poster.open.clear()

    counts = setup.broadcast.broadcast(setup.commit(creation()))

    assert counts["gone"] == 1
    assert setup.known() == ({"young"} if kept else set())


def test_connections_of_all_pages_receive_the_change(setup: Setup) -> None:
    for number in range(600):
        setup.connect(f"c{number}")

    counts = setup.broadcast.broadcast(setup.commit(creation()))

    assert counts["delivered"] == 600
    assert all(len(frames) == 1 for frames in setup.poster.open.values())


def test_a_broadcast_that_reaches_no_client_is_unavailable(setup: Setup) -> None:
    setup.connect("a")
    setup.poster.down = True

    with pytest.raises(Unavailable):
        setup.broadcast.broadcast(setup.commit(creation()))


def test_a_broadcast_that_reaches_no_client_is_recorded_as_failed(setup: Setup) -> None:
    setup.connect("a")
    setup.connect("b")
    setup.poster.down = True
    change = setup.commit(creation())

    with pytest.raises(Unavailable):
        setup.broadcast.broadcast(change)

    outcome = setup.outcomes(change)["broadcast"]
    assert (outcome["attempted"], outcome["failed"]) == (2, 2)


def test_nothing_is_sent_before_all_connections_are_read(setup: Setup) -> None:
    class TornConnections(FakeConnections):
        def pages(self) -> Iterator[Sequence[Connection]]:
            yield from super().pages()
            raise Unavailable("the second page cannot be read")

    frames = setup.connect("a")
    torn = TornConnections(setup.clock)
    torn.save(Connection("a", setup.clock.now(), expires_at(setup.clock.now())))
    broadcast = Broadcast(torn, setup.poster, setup.clock, setup.recorder)

    with pytest.raises(Unavailable):
        broadcast.broadcast(setup.commit(creation()))

    assert frames == []


def test_a_connection_that_cannot_be_deleted_fails_no_broadcast(setup: Setup) -> None:
    class ReadOnly(FakeConnections):
        def delete(self, connection_id: str) -> None:
            raise Unavailable("read only")

    connections = ReadOnly(setup.clock)
    opened = setup.clock.now() - HANDSHAKE_MAX * 2
    connections.save(Connection("gone", opened, expires_at(opened)))
    broadcast = Broadcast(connections, setup.poster, setup.clock, setup.recorder)

    assert broadcast.broadcast(setup.commit(creation()))["gone"] == 1


def test_the_poster_receives_the_deadline(setup: Setup) -> None:
    setup.connect("a")

    setup.broadcast.broadcast(setup.commit(creation()), 17.5)
    setup.broadcast.broadcast(setup.commit(creation()))

    assert setup.poster.deadlines_s == [17.5, None]


def test_a_broadcast_without_recipients_needs_no_poster(setup: Setup) -> None:
    setup.poster.down = True

    assert setup.broadcast.broadcast(setup.commit(creation()))["attempted"] == 0


def test_a_full_record_fails_no_broadcast(setup: Setup) -> None:
    class Full(FakeDeliveries):
        def record(self, deliveries: Sequence[Delivery]) -> None:
            raise Unavailable("full")

    frames = setup.connect("a")
    broadcast = Broadcast(setup.connections, setup.poster, setup.clock, Recorder(Full()))

    counts = broadcast.broadcast(setup.commit(creation()))

    assert counts["delivered"] == len(frames) == 1
