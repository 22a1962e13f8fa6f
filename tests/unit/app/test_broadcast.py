"""Broadcasts on AWS to few clients: every matching one receives the changes, counted."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Role
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.domain.values import Status
from alerta_utec.ports.connections import Connection
from tests.contract.builders import creation, update
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.support.fan_out import Broadcasting

SECOND = timedelta(seconds=1)


@pytest.fixture
def setup() -> Broadcasting:
    return Broadcasting()


def test_every_client_receives_the_incident_and_its_position(setup: Broadcasting) -> None:
    first, second = setup.connect("a"), setup.connect("b")
    change = setup.commit(incidentId="i", user="rosa", aula="A-101")

    setup.broadcast(change)

    assert first == second
    (frame,) = map(json.loads, first)
    assert frame["type"] == "incident_update"
    assert frame["position"] == str(change.position)
    assert frame["incident"]["incidentId"] == "i"
    assert frame["incident"]["aula"] == "A-101"
    assert "reportedBy" not in frame["incident"]
    assert setup.counts(change) == {
        "attempted": 2,
        "delivered": 2,
        "gone": 0,
        "throttled": 0,
        "failed": 0,
    }


@pytest.mark.parametrize("role", Role)
def test_only_staff_receive_the_name_of_the_reporter(setup: Broadcasting, role: Role) -> None:
    frames = setup.connect("a", role=role)

    setup.broadcast(setup.commit(user="rosa"))

    told = json.loads(frames[0])["incident"].get("reportedBy")
    assert told == (None if role is Role.ESTUDIANTE else "rosa")


def test_only_clients_with_a_matching_filter_receive_the_change(setup: Broadcasting) -> None:
    high = setup.connect("high", Filter(urgency=frozenset({"high"})))
    pending = setup.connect("pending", Filter(status=frozenset({"pendiente"})))
    other = setup.connect("other", Filter(location=frozenset({"biblioteca"})))
    moved = setup.commit(update(setup.commit().after, status=Status.RESUELTO))

    setup.broadcast(moved)

    assert (len(high), len(pending), len(other)) == (0, 1, 0)
    assert setup.counts(moved)["attempted"] == setup.counts(moved)["delivered"] == 1


def test_the_changes_of_a_batch_are_one_post_to_a_client_of_v2_and_one_each_to_others(
    setup: Broadcasting,
) -> None:
    new, old = setup.connect("new", subprotocol=Subprotocol.V2), setup.connect("old")
    changes = [setup.commit() for _ in range(25)]

    setup.broadcast(*changes)

    (together,) = map(json.loads, new)
    assert together["type"] == "incident_updates"
    assert [one["seq"] for one in together["incidents"]] == list(range(1, 26))
    assert [json.loads(frame)["incident"]["seq"] for frame in old] == list(range(1, 26))
    assert all(setup.counts(change)["delivered"] == 2 for change in changes)


def test_outcomes_are_counted_for_each_change(setup: Broadcasting) -> None:
    for name in ("gone", "slow", "fine"):
        setup.connect(name)
    setup.connect("nowhere", Filter(location=frozenset({"biblioteca"})))
    setup.connect("library", Filter(location=frozenset({"biblioteca"})))
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.queue.down = True
    first, second = setup.commit(), setup.commit(location="Biblioteca")

    setup.broadcast(first, second)

    bad = {"gone": 1, "throttled": 1, "failed": 0}
    assert setup.counts(first) == {"attempted": 3, "delivered": 1, **bad}
    assert setup.counts(second) == {"attempted": 5, "delivered": 3, **bad}


def test_a_gone_connection_is_deleted_and_a_slow_one_is_kept(setup: Broadcasting) -> None:
    for name in ("gone", "slow", "broken", "fine"):
        setup.connect(name)
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")

    setup.broadcast(setup.commit(), setup.commit())

    assert setup.stored() == {"slow", "broken", "fine"}


@pytest.mark.parametrize(
    ("age", "kept"),
    [(HANDSHAKE_MAX - SECOND, True), (HANDSHAKE_MAX, True), (HANDSHAKE_MAX + SECOND, False)],
)
def test_a_gone_connection_that_may_be_in_its_handshake_is_kept(
    setup: Broadcasting, age: timedelta, kept: bool
) -> None:
    setup.connect("young", age=age)
    setup.poster.open.clear()
    change = setup.commit()

    setup.broadcast(change)

    assert setup.counts(change)["gone"] == 1
    assert setup.stored() == ({"young"} if kept else set())


def test_a_broadcast_that_reaches_no_client_is_unavailable_and_recorded_as_failed(
    setup: Broadcasting,
) -> None:
    setup.connect_many(2)
    setup.poster.down = True
    change = setup.commit()

    with pytest.raises(Unavailable):
        setup.broadcast(change)

    assert (setup.counts(change)["attempted"], setup.counts(change)["failed"]) == (2, 2)
    assert setup.queue.waiting == []


def test_nothing_is_sent_before_all_connections_are_read(setup: Broadcasting) -> None:
    class TornConnections(FakeConnections):
        def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
            yield from super().pages(number, of)
            raise Unavailable("the second page cannot be read")

    setup.connections = TornConnections(setup.clock)
    frames = setup.connect("a")

    with pytest.raises(Unavailable):
        setup.broadcast(setup.commit())

    assert frames == []


def test_a_connection_that_cannot_be_deleted_fails_no_broadcast(setup: Broadcasting) -> None:
    class ReadOnly(FakeConnections):
        def delete(self, connection_id: str) -> None:
            raise Unavailable("read only")

    setup.connections = ReadOnly(setup.clock)
    setup.connect("gone")
    setup.poster.open.clear()
    change = setup.commit()

    setup.broadcast(change)

    assert setup.counts(change)["gone"] == 1


def test_the_poster_receives_the_deadline(setup: Broadcasting) -> None:
    setup.connect("a")

    setup.broadcast(setup.commit(), deadline_s=17.5)
    setup.broadcast(setup.commit())

    assert setup.poster.deadlines_s == [17.5, None]


def test_a_broadcast_without_clients_is_recorded(setup: Broadcasting) -> None:
    change = setup.commit()

    setup.broadcast(change)

    assert setup.counts(change)["attempted"] == 0


def test_a_full_record_fails_no_broadcast(setup: Broadcasting) -> None:
    class Full(FakeDeliveries):
        def record(self, deliveries: Sequence[Delivery]) -> None:
            raise Unavailable("full")

    setup.deliveries = Full()
    frames = setup.connect("a")

    setup.broadcast(setup.commit(creation()))

    assert len(frames) == 1
