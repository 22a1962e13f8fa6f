"""``GatewaySubscribers``: each client receives the changes that match its filter."""

from collections.abc import Iterator

import pytest

from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Role
from alerta_utec.domain.values import Status
from alerta_utec.gateway.subscribers import CACHED_LOOKUPS_MAX
from alerta_utec.ports.broadcast import SendResult
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation, update
from tests.unit.gateway.broadcast_clients import (
    SECOND,
    WRITERS,
    BroadcastClients,
    changes,
    clients_of,
    committed,
    seqs_of,
)


@pytest.fixture(params=WRITERS, ids=lambda writer: type(writer).__name__)
def clients(request: pytest.FixtureRequest) -> Iterator[BroadcastClients]:
    with clients_of(request.param) as opened:
        yield opened


def test_every_client_receives_a_change_with_its_position(clients: BroadcastClients) -> None:
    names = [clients.connect() for _ in range(3)]
    [change] = changes(1, aula="A-101")

    posted = clients.hub.subscribers.broadcast([change])

    assert posted == [SendResult(delivered=3)]
    for name in names:
        [frame] = clients.received(name)
        assert frame["type"] == "incident_update"
        assert frame["position"] == str(change.position)
        assert frame["incident"] == change.after.to_json()


@pytest.mark.parametrize("role", Role)
def test_only_staff_receive_the_name_of_the_reporter(clients: BroadcastClients, role: Role) -> None:
    name = clients.connect(role=role)

    clients.hub.subscribers.broadcast(changes(1, user="rosa"))

    [frame] = clients.received(name)
    results = frame["incident"].get("reportedBy")
    assert results == (None if role is Role.ESTUDIANTE else "rosa")


def test_a_client_receives_changes_whose_state_before_or_after_matches_its_filter(
    clients: BroadcastClients,
) -> None:
    high = clients.connect(Filter(urgency=frozenset({"high"})))
    pending = clients.connect(Filter(status=frozenset({"pendiente"})))
    resolved = clients.connect(Filter(status=frozenset({"resuelto"})))
    created = committed(creation())
    moved = committed(update(created.after, status=Status.RESUELTO))

    posted = clients.hub.subscribers.broadcast([moved])

    assert posted == [SendResult(delivered=2)]
    assert [len(clients.received(name)) for name in (high, pending, resolved)] == [0, 1, 1]


def test_each_client_receives_its_changes_of_one_broadcast_in_their_order(
    clients: BroadcastClients,
) -> None:
    everything = clients.connect()
    high = clients.connect(Filter(urgency=frozenset({"high"})))
    staff = clients.connect(Filter(location=frozenset({"patio"})), role=Role.PERSONAL)
    nowhere = clients.connect(Filter(location=frozenset({"biblioteca"})))
    sent = [
        *changes(2, urgency="low"),
        *changes(2, urgency="high"),
        *changes(1, urgency="high", location="Patio"),
        *changes(1, urgency="low", location="Patio"),
        *changes(1, urgency="low"),
    ]

    posted = clients.hub.subscribers.broadcast(sent)

    assert clients.seqs(everything) == seqs_of(sent)
    assert clients.seqs(high) == seqs_of(sent[2:5])
    assert clients.seqs(staff) == seqs_of(sent[4:6])
    assert clients.seqs(nowhere) == []
    assert [one.delivered for one in posted] == [1, 1, 2, 2, 3, 2, 1]


def test_clients_that_join_leave_or_change_groups_count_from_the_next_change(
    clients: BroadcastClients,
) -> None:
    high = Filter(urgency=frozenset({"high"}))
    patio = Filter(location=frozenset({"patio"}))
    stays, leaves, moves = clients.connect(high), clients.connect(patio), clients.connect(patio)
    sent = changes(4, urgency="high", location="Patio")

    results = [clients.hub.subscribers.broadcast(sent[:1])]
    comes = clients.connect(high)
    results.append(clients.hub.subscribers.broadcast(sent[1:2]))
    clients.hub.connections.delete(leaves)
    results.append(clients.hub.subscribers.broadcast(sent[2:3]))
    clients.subscribe(moves, Filter(location=frozenset({"biblioteca"})))
    results.append(clients.hub.subscribers.broadcast(sent[3:]))

    assert [posted.delivered for [posted] in results] == [3, 4, 3, 2]
    assert clients.seqs(stays) == seqs_of(sent)
    assert clients.seqs(comes) == seqs_of(sent[1:])
    assert clients.seqs(leaves) == seqs_of(sent[:2])
    assert clients.seqs(moves) == seqs_of(sent[:3])


def test_more_lookups_than_the_cache_holds_reach_the_same_recipients(
    clients: BroadcastClients,
) -> None:
    everything = clients.connect()
    places = [f"Sala {number}" for number in range(CACHED_LOOKUPS_MAX + 4)]
    names = [clients.connect(Filter(location=frozenset({place.casefold()}))) for place in places]
    sent = [change for place in places * 2 for change in changes(1, location=place)]

    posted = [clients.hub.subscribers.broadcast([change])[0].delivered for change in sent]

    assert posted == [2] * len(sent)
    assert clients.seqs(everything) == seqs_of(sent)
    for number, name in enumerate(names):
        assert clients.seqs(name) == seqs_of(sent[number :: len(places)])


def test_a_new_filter_applies_from_the_next_change(clients: BroadcastClients) -> None:
    name = clients.connect()
    first, second, third = changes(3)

    clients.hub.subscribers.broadcast([first])
    clients.subscribe(name, Filter(urgency=frozenset({"high"})))
    clients.hub.subscribers.broadcast([second])
    clients.subscribe(name)
    clients.hub.subscribers.broadcast([third])

    assert clients.seqs(name) == seqs_of([first, third])


def test_an_expired_connection_receives_nothing(clients: BroadcastClients) -> None:
    short = clients.connect(lasts=10 * SECOND)
    long = clients.connect(lasts=20 * SECOND)
    sent = changes(4)

    delivered = []
    for moment, change in zip((9, 10, 19, 20), sent, strict=True):
        clients.clock.set(T0 + moment * SECOND)
        delivered += [posted.delivered for posted in clients.hub.subscribers.broadcast([change])]

    assert delivered == [2, 1, 1, 0]
    assert clients.seqs(short) == seqs_of(sent[:1])
    assert clients.seqs(long) == seqs_of(sent[:3])


def test_a_deleted_connection_receives_nothing(clients: BroadcastClients) -> None:
    name = clients.connect()

    clients.hub.connections.delete(name)

    assert clients.hub.subscribers.broadcast(changes(1)) == [SendResult()]
    assert clients.received(name) == []


def test_a_connection_without_an_open_socket_receives_nothing(clients: BroadcastClients) -> None:
    clients.hub.connections.save(Connection("opening", T0, T0 + SECOND))

    assert clients.hub.subscribers.broadcast(changes(1)) == [SendResult()]
