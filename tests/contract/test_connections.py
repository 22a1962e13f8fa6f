"""``Connections``: the open connections, as the fan-out reads them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Grant, Identity, Role, Scope
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.ports.connections import Connection, Connections
from tests.contract.builders import T0
from tests.contract.hub_clients import hub_with_clients
from tests.fakes.clock import ManualClock

SECOND = timedelta(seconds=1)


def _connection(name: str, *, lasts: timedelta = 7200 * SECOND) -> Connection:
    return Connection(name, T0, T0 + lasts)


def _all(connections: Connections) -> dict[str, Connection]:
    pages = list(connections.pages())
    everyone = [connection for page in pages for connection in page]
    by_id = {connection.connection_id: connection for connection in everyone}
    assert len(by_id) == len(everyone)
    return by_id


def _shard(connections: Connections, number: int, of: int) -> list[str]:
    """Return the ids of one shard, in order."""
    return sorted(one.connection_id for page in connections.pages(number, of) for one in page)


def test_a_new_store_has_no_connection(connections: Connections) -> None:
    assert _all(connections) == {}


def test_a_connection_comes_back_as_it_was_saved(connections: Connections) -> None:
    plain = _connection("BFHPhfCWIAMCKlQ=")
    full = Connection(
        "a/b+c=",
        connected_at=T0,
        expires_at=T0 + 7200 * SECOND,
        identity=Identity("rosa", Role.PERSONAL),
        credential="session:1f2e",
        filter=Filter(
            urgency=frozenset({"high", "medium"}),
            status=frozenset({"pendiente"}),
            type=frozenset({"inundación"}),
            location=frozenset({"laboratorio a", "patio ñ"}),
        ),
        lang="en",
        subprotocol=Subprotocol.V2,
    )
    older = Connection("c", T0, T0 + 7200 * SECOND, subprotocol=Subprotocol.V1)
    grant = Grant(frozenset({Scope.FEED, Scope.REPORT}), Filter(location=frozenset({"patio ñ"})))
    machine = replace(
        _connection("m"), identity=Identity("sensor", Role.PERSONAL, grant), credential="key:7a"
    )

    connections.save(plain)
    connections.save(full)
    connections.save(older)
    connections.save(machine)

    stored = {"BFHPhfCWIAMCKlQ=": plain, "a/b+c=": full, "c": older, "m": machine}
    assert _all(connections) == stored


def test_get_returns_the_connection_with_that_id(
    connections: Connections, clock: ManualClock
) -> None:
    connections.save(_connection("a", lasts=10 * SECOND))
    connections.save(_connection("b"))

    assert connections.get("a") == _connection("a", lasts=10 * SECOND)
    assert connections.get("c") is None
    clock.set(T0 + 10 * SECOND)
    assert connections.get("a") is None
    assert connections.get("b") == _connection("b")


def test_saving_a_connection_again_replaces_it(connections: Connections) -> None:
    connections.save(_connection("a"))

    filtered = Connection("a", T0, T0 + 60 * SECOND, filter=Filter(urgency=frozenset({"high"})))
    connections.save(filtered)

    assert _all(connections) == {"a": filtered}


@pytest.fixture(params=["fake", "hub", "dynamodb"])
def lost(request: pytest.FixtureRequest) -> Iterator[tuple[Connections, str]]:
    """Yield connections without that of an open socket, and its id."""
    if request.param == "hub":
        with hub_with_clients() as (hub, clients):
            yield hub.connections, clients.connect()
    else:
        yield request.getfixturevalue(f"{request.param}_connections"), "a"


def test_a_lost_connection_is_restored_once(lost: tuple[Connections, str]) -> None:
    connections, name = lost
    first = replace(_connection(name), restored=True)

    done = connections.restore(first)
    again = connections.restore(replace(first, lang="en"))

    assert (done, again) == (True, False)
    assert connections.get(name) == first
    assert _all(connections) == {name: first}


@pytest.mark.parametrize("lasts", [7200 * SECOND, SECOND])
def test_a_stored_connection_is_not_replaced_by_a_restored_one(
    connections: Connections, clock: ManualClock, lasts: timedelta
) -> None:
    connections.save(_connection("a", lasts=lasts))
    before = _all(connections)

    clock.set(T0 + SECOND)
    done = connections.restore(replace(_connection("a"), restored=True))

    assert not done
    clock.set(T0)
    assert _all(connections) == before


def test_a_deleted_connection_is_gone_and_the_others_stay(connections: Connections) -> None:
    for name in ("a", "b", "c"):
        connections.save(_connection(name))

    connections.delete("b")

    assert set(_all(connections)) == {"a", "c"}


def test_deleting_an_unknown_connection_changes_nothing(connections: Connections) -> None:
    connections.save(_connection("a"))

    connections.delete("b")
    connections.delete("b")

    assert set(_all(connections)) == {"a"}


def test_a_connection_is_left_out_from_its_expiry_on(
    connections: Connections, clock: ManualClock
) -> None:
    connections.save(_connection("a", lasts=10 * SECOND))
    connections.save(_connection("b", lasts=20 * SECOND))

    seen = []
    for moment in (9, 10, 11, 20):
        clock.set(T0 + moment * SECOND)
        seen.append(sorted(_all(connections)))

    assert seen == [["a", "b"], ["b"], ["b"], []]


def test_six_hundred_connections_are_paged_each_once(connections: Connections) -> None:
    names = {f"conexion-{number:04}" for number in range(600)}

    for name in names:
        connections.save(_connection(name))

    assert set(_all(connections)) == names


def test_paging_goes_on_while_connections_come_and_go(connections: Connections) -> None:
    stays = {f"s{number}" for number in range(20)}
    for name in stays:
        connections.save(_connection(name))
    connections.save(_connection("goes"))

    seen: set[str] = set()
    for page in connections.pages():
        connections.delete("goes")
        connections.save(_connection("comes"))
        seen |= {connection.connection_id for connection in page}

    assert stays <= seen
    assert set(_all(connections)) == stays | {"comes"}


@pytest.mark.parametrize("of", [1, 2, 3, 16])
def test_each_connection_is_in_one_shard_and_always_in_the_same(
    connections: Connections, of: int
) -> None:
    names = {f"conexion-{number:04}=" for number in range(120)}
    for name in names:
        connections.save(_connection(name))

    shards = [_shard(connections, number, of) for number in range(1, of + 1)]
    for name in sorted(names)[:60]:
        connections.delete(name)
    fewer = [_shard(connections, number, of) for number in range(1, of + 1)]

    assert sorted(name for shard in shards for name in shard) == sorted(names)
    # By a hash: none has more than what is very unlikely.
    assert max(map(len, shards)) <= 120 / of + 5 * (120 / of) ** 0.5
    left = names - set(sorted(names)[:60])
    assert fewer == [[name for name in shard if name in left] for shard in shards]


def test_a_shard_leaves_out_expired_connections(
    connections: Connections, clock: ManualClock
) -> None:
    for number in range(40):
        connections.save(_connection(f"corta-{number}", lasts=10 * SECOND))
        connections.save(_connection(f"larga-{number}"))

    clock.set(T0 + 10 * SECOND)

    found = [name for number in (1, 2, 3) for name in _shard(connections, number, 3)]
    assert sorted(found) == sorted(f"larga-{number}" for number in range(40))


def test_the_estimate_is_near_the_number_of_connections(
    connections: Connections, clock: ManualClock
) -> None:
    assert connections.estimate() == 0
    for number in range(120):
        connections.save(_connection(f"conexion-{number}"))
        connections.save(_connection(f"corta-{number}", lasts=10 * SECOND))

    clock.set(T0 + 10 * SECOND)

    # A sample of a quarter is 30, give or take the square root of that.
    assert connections.estimate() == pytest.approx(120, abs=3 * 4 * 30**0.5)
