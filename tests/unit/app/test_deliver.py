"""``Broadcast``, ``TopicNotifier`` and ``Sessions`` over the fakes."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.access import NoAuthentication
from alerta_utec.app.broadcast import HANDSHAKE_MAX, Broadcast
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import Sessions, expires_at
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.email import compose
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher
from alerta_utec.ports.connections import Connection
from tests.contract.builders import creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.fakes.poster import FakePoster
from tests.support.temporary_store import TemporaryStore

LIMA = ZoneInfo("America/Lima")
SECOND = timedelta(seconds=1)


class House:
    """Everything a broadcast needs, in memory."""

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

    def notifier(self, mailer: FakeMailer) -> TopicNotifier:
        publisher = TopicPublisher(mailer, LIMA, None, cast("Any", None))
        return TopicNotifier(publisher, self.clock, self.recorder)

    def outcomes(self, change: Change) -> dict[str, dict[str, Any]]:
        return {
            d.channel: dict(d.outcome) for d in self.deliveries.for_incident(change.incident_id)
        }

    def commit(self, change: Change) -> Change:
        return self.store.commit(change).change


@pytest.fixture
def house() -> House:
    return House()


def test_everyone_gets_the_incident_and_its_position(house: House) -> None:
    first, second = house.connect("a"), house.connect("b")
    change = house.commit(creation(incidentId="i", user="rosa", aula="A-101"))

    counts = house.broadcast.broadcast(change)

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
def test_only_staff_is_told_who_reported_it(house: House, role: Role) -> None:
    frames = house.connect("a", role=role)

    house.broadcast.broadcast(house.commit(creation(user="rosa")))

    told = json.loads(frames[0])["incident"].get("reportedBy")
    assert told == (None if role is Role.ESTUDIANTE else "rosa")


def test_only_those_whose_filter_it_concerns_get_it(house: House) -> None:
    high = house.connect("high", Filter(urgency=frozenset({"high"})))
    pending = house.connect("pending", Filter(status=frozenset({"pendiente"})))
    other = house.connect("other", Filter(location=frozenset({"biblioteca"})))
    created = house.commit(creation())

    counts = house.broadcast.broadcast(house.commit(update(created.after, status=Status.RESUELTO)))

    assert (len(high), len(pending), len(other)) == (0, 1, 0)
    assert counts["attempted"] == counts["delivered"] == 1


def test_outcomes_are_counted_and_one_clients_trouble_is_nobody_elses(house: House) -> None:
    fine = [house.connect(f"fine{n}") for n in range(3)]
    for name in ("gone", "slow", "broken"):
        house.connect(name)
    del house.poster.open["gone"]
    house.poster.throttled.add("slow")
    house.poster.failed.add("broken")

    counts = house.broadcast.broadcast(house.commit(creation()))

    counts.pop("ms")
    assert counts == {"attempted": 6, "delivered": 3, "gone": 1, "throttled": 1, "failed": 1}
    assert [len(frames) for frames in fine] == [1, 1, 1]


def test_who_is_gone_is_forgotten_and_who_is_slow_is_kept(house: House) -> None:
    for name in ("gone", "slow", "broken"):
        house.connect(name)
    del house.poster.open["gone"]
    house.poster.throttled.add("slow")
    house.poster.failed.add("broken")

    house.broadcast.broadcast(house.commit(creation()))

    assert house.known() == {"slow", "broken"}


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (HANDSHAKE_MAX - SECOND, True),
        (HANDSHAKE_MAX, True),
        (HANDSHAKE_MAX + SECOND, False),
    ],
)
def test_who_may_still_be_in_the_handshake_is_kept(
    house: House, age: timedelta, kept: bool
) -> None:
    house.connect("young", age=age)
    house.poster.open.clear()

    counts = house.broadcast.broadcast(house.commit(creation()))

    assert counts["gone"] == 1
    assert house.known() == ({"young"} if kept else set())


def test_more_than_a_page_of_connections_are_all_told(house: House) -> None:
    for number in range(600):
        house.connect(f"c{number}")

    counts = house.broadcast.broadcast(house.commit(creation()))

    assert counts["delivered"] == 600
    assert all(len(frames) == 1 for frames in house.poster.open.values())


def test_a_broadcast_that_cannot_be_sent_at_all_is_unavailable(house: House) -> None:
    house.connect("a")
    house.poster.down = True

    with pytest.raises(Unavailable):
        house.broadcast.broadcast(house.commit(creation()))


def test_a_broadcast_that_reached_nobody_is_on_record_as_failed(house: House) -> None:
    house.connect("a")
    house.connect("b")
    house.poster.down = True
    change = house.commit(creation())

    with pytest.raises(Unavailable):
        house.broadcast.broadcast(change)

    outcome = house.outcomes(change)["broadcast"]
    assert (outcome["attempted"], outcome["failed"]) == (2, 2)


def test_where_connections_cannot_be_read_nobody_is_told_yet(house: House) -> None:
    class TornConnections(FakeConnections):
        def pages(self) -> Iterator[Sequence[Connection]]:
            yield from super().pages()
            raise Unavailable("the second page cannot be read")

    frames = house.connect("a")
    torn = TornConnections(house.clock)
    torn.save(Connection("a", house.clock.now(), expires_at(house.clock.now())))
    broadcast = Broadcast(torn, house.poster, house.clock, house.recorder)

    with pytest.raises(Unavailable):
        broadcast.broadcast(house.commit(creation()))

    assert frames == []


def test_a_row_that_cannot_be_deleted_fails_no_broadcast(house: House) -> None:
    class ReadOnly(FakeConnections):
        def delete(self, connection_id: str) -> None:
            raise Unavailable("read only")

    connections = ReadOnly(house.clock)
    opened = house.clock.now() - HANDSHAKE_MAX * 2
    connections.save(Connection("gone", opened, expires_at(opened)))
    broadcast = Broadcast(connections, house.poster, house.clock, house.recorder)

    assert broadcast.broadcast(house.commit(creation()))["gone"] == 1


def test_the_deadline_is_the_posters(house: House) -> None:
    house.connect("a")

    house.broadcast.broadcast(house.commit(creation()), 17.5)
    house.broadcast.broadcast(house.commit(creation()))

    assert house.poster.deadlines_s == [17.5, None]


def test_nobody_to_tell_is_no_trouble(house: House) -> None:
    house.poster.down = True

    assert house.broadcast.broadcast(house.commit(creation()))["attempted"] == 0


@pytest.mark.parametrize(("urgency", "sent"), [("low", False), ("medium", True), ("high", True)])
def test_medium_and_high_go_out_by_email(house: House, urgency: str, sent: bool) -> None:
    mailer = FakeMailer()
    change = house.commit(creation(urgency=urgency))

    assert house.notifier(mailer).notify(change) is sent

    assert [mail.body for mail in mailer.sent] == [compose(change, LIMA).body] * sent


def test_an_incident_that_gets_urgent_goes_out_once_for_each_rise(house: House) -> None:
    mailer = FakeMailer()
    notifier = house.notifier(mailer)
    low = house.commit(creation())
    medium = house.commit(update(low.after, urgency=Urgency.MEDIUM))
    noted = house.commit(update(medium.after, note="sigue"))

    assert [notifier.notify(change) for change in (low, medium, noted)] == [False, True, False]
    assert len(mailer.sent) == 1


def test_an_email_that_cannot_be_sent_is_unavailable(house: House) -> None:
    change = house.commit(creation(urgency="high"))

    with pytest.raises(Unavailable):
        house.notifier(FakeMailer(down=True)).notify(change)

    assert house.outcomes(change)["email"]["result"] == "failed"


def test_what_was_sent_is_on_record(house: House) -> None:
    house.connect("a")
    change = house.commit(creation(urgency="high"))

    counts = house.broadcast.broadcast(change)
    house.notifier(FakeMailer()).notify(change)

    assert house.outcomes(change) == {"broadcast": counts, "email": {"result": "sent"}}


def test_what_calls_for_no_email_is_not_on_record_as_one(house: House) -> None:
    change = house.commit(creation(urgency="low"))

    house.notifier(FakeMailer()).notify(change)

    assert house.outcomes(change) == {}


def test_a_record_that_cannot_be_kept_holds_up_nothing(house: House) -> None:
    class Full(FakeDeliveries):
        def record(self, deliveries: Sequence[Delivery]) -> None:
            raise Unavailable("full")

    frames = house.connect("a")
    broadcast = Broadcast(house.connections, house.poster, house.clock, Recorder(Full()))

    counts = broadcast.broadcast(house.commit(creation()))

    assert counts["delivered"] == len(frames) == 1


def test_a_connection_is_kept_for_two_hours(house: House) -> None:
    sessions = Sessions(house.connections, NoAuthentication())
    opened = house.clock.now()
    sessions.open("a", opened)

    def states() -> Iterator[bool]:
        for after in (7199, 7200, 7201):
            house.clock.set(opened + after * SECOND)
            yield "a" in house.known()

    assert list(states()) == [True, False, False]


def test_a_closed_connection_is_forgotten(house: House) -> None:
    sessions = Sessions(house.connections, NoAuthentication())
    names = [f"c{number}" for number in range(10)]
    for name in names:
        sessions.open(name, house.clock.now())

    random.shuffle(names)
    for name in names[:9]:
        sessions.close(name)
        sessions.close(name)

    assert house.known() == {names[9]}
