"""``Sessions``: connections are saved for two hours and deleted when they close."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from alerta_utec.app.access import Access, NoAuthentication
from alerta_utec.app.sessions import Sessions
from alerta_utec.app.subscriptions import Subscriptions
from alerta_utec.domain.errors import Forbidden, Unauthorized
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Scope
from tests.fakes.authentication import FixedAuthenticator, machine
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def connections(clock: ManualClock) -> FakeConnections:
    return FakeConnections(clock)


def saved(connections: FakeConnections) -> set[str]:
    return {one.connection_id for page in connections.pages() for one in page}


def test_a_connection_is_kept_for_two_hours(
    clock: ManualClock, connections: FakeConnections
) -> None:
    sessions = Sessions(connections, NoAuthentication())
    opened = clock.now()
    sessions.open("a", opened)

    def states() -> Iterator[bool]:
        for after in (7199, 7200, 7201):
            clock.set(opened + after * SECOND)
            yield "a" in saved(connections)

    assert list(states()) == [True, False, False]


def test_a_closed_connection_is_deleted(clock: ManualClock, connections: FakeConnections) -> None:
    sessions = Sessions(connections, NoAuthentication())
    names = [f"c{number}" for number in range(10)]
    for name in names:
        sessions.open(name, clock.now())

    random.shuffle(names)
    for name in names[:9]:
        connections.delete(name)
        connections.delete(name)

    assert saved(connections) == {names[9]}


TOWER = Filter(location=frozenset({"torre a"}))


def test_a_key_receives_only_what_its_filter_accepts(
    clock: ManualClock, connections: FakeConnections
) -> None:
    sessions = Sessions(connections, FixedAuthenticator(machine(Scope.FEED, only=TOWER)))

    sessions.open("a", clock.now(), wanted=Filter(urgency=frozenset({"high"})))

    opened = connections.get("a")
    assert opened is not None
    assert opened.filter == Filter(urgency=frozenset({"high"}), location=frozenset({"torre a"}))
    assert opened.credential == "key:7a"


def test_a_subscription_stays_within_the_filter_of_its_key(
    clock: ManualClock, connections: FakeConnections
) -> None:
    Sessions(connections, FixedAuthenticator(machine(Scope.FEED, only=TOWER))).open(
        "a", clock.now()
    )
    elsewhere = Filter(location=frozenset({"torre a", "patio"}))

    Subscriptions(Access(connections, sign_in=True)).change("a", clock.now(), elsewhere)

    opened = connections.get("a")
    assert opened is not None
    assert opened.filter == Filter(location=frozenset({"torre a"}))


def test_a_key_without_the_feed_opens_no_connection(
    clock: ManualClock, connections: FakeConnections
) -> None:
    sessions = Sessions(connections, FixedAuthenticator(machine(Scope.REPORT, Scope.READ)))

    with pytest.raises(Forbidden):
        sessions.open("a", clock.now())

    assert saved(connections) == set()


@dataclass(frozen=True)
class RevokedMeanwhile(FixedAuthenticator):
    """An ``Authenticator`` of a key that is revoked while its connection is being saved."""

    def is_valid(self, _credential: str) -> bool:
        return False


def test_a_key_that_is_revoked_during_the_handshake_opens_nothing(
    clock: ManualClock, connections: FakeConnections
) -> None:
    sessions = Sessions(connections, RevokedMeanwhile(machine(Scope.FEED)))

    with pytest.raises(Unauthorized):
        sessions.open("a", clock.now())

    assert saved(connections) == set()
