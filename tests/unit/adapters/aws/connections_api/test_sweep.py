"""``Sweep``, against DynamoDB on the emulator and a real peer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.aws.connections_api.sweep import Sweep
from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.connections import Connection
from tests.fakes.clock import ManualClock
from tests.fakes.metrics import FakeMetrics
from tests.unit.adapters.aws.connections_api.fake_api import DROP, ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import connections_http
from tests.unit.adapters.aws.faults import FaultyWire, request_lost


@pytest.fixture
def api() -> Iterator[ConnectionsApi]:
    """Yield a management endpoint."""
    with ConnectionsApi() as answering:
        yield answering


@pytest.fixture
def connections(wire: FaultyWire, connections_table: str, clock: ManualClock) -> DynamoConnections:
    """Return empty ``Connections`` over ``wire``."""
    return DynamoConnections(wire.client, connections_table, clock)


@pytest.fixture
def metrics() -> FakeMetrics:
    """Return metrics without any value."""
    return FakeMetrics()


@pytest.fixture
def sweep(
    wire: FaultyWire,
    connections_table: str,
    clock: ManualClock,
    api: ConnectionsApi,
    metrics: FakeMetrics,
) -> Iterator[Sweep]:
    """Yield a sweep of that table, which tries each call once."""
    http = connections_http(api.url)
    yield Sweep(wire.client, connections_table, http, clock, metrics)
    http.close()


def save(connections: DynamoConnections, clock: ManualClock, name: str, seconds: float) -> None:
    """Return a connection that expires after this many seconds."""
    now = clock.now()
    connections.save(Connection(name, now, now + timedelta(seconds=seconds)))


def kept(connections: DynamoConnections) -> list[str]:
    """Return every id in the table, expired or not."""
    pages = connections.client.get_paginator("scan").paginate(TableName=connections.table)
    return sorted(item["connectionId"]["S"] for page in pages for item in page["Items"])


def test_only_expired_connections_are_closed_and_removed(
    sweep: Sweep, connections: DynamoConnections, clock: ManualClock, api: ConnectionsApi
) -> None:
    for name, seconds in (("over=", 10), ("just=", 60), ("later=", 60.000001)):
        save(connections, clock, name, seconds)
        api.tell("DELETE", name, 204)
    clock.advance(timedelta(seconds=60))

    result = sweep.close_expired()

    assert result == {"closed": 2, "failed": 0, "open": 1}
    assert kept(connections) == ["later="]
    assert dict(api.requests) == {("DELETE", "over="): 1, ("DELETE", "just="): 1}


@pytest.mark.parametrize("status", [410, 400])
def test_an_expired_connection_that_is_gone_is_removed(
    sweep: Sweep,
    connections: DynamoConnections,
    clock: ManualClock,
    api: ConnectionsApi,
    status: int,
) -> None:
    save(connections, clock, "gone=", 0)
    api.tell("DELETE", "gone=", status)

    assert sweep.close_expired() == {"closed": 1, "failed": 0, "open": 0}
    assert kept(connections) == []


@pytest.mark.parametrize("answer", [403, 429, 500, DROP])
def test_a_connection_that_cannot_be_closed_delays_no_other_and_is_retried(
    sweep: Sweep,
    connections: DynamoConnections,
    clock: ManualClock,
    api: ConnectionsApi,
    answer: int,
) -> None:
    for name in ("a=", "b=", "c="):
        save(connections, clock, name, 0)
        api.tell("DELETE", name, 204)
    api.tell("DELETE", "b=", answer)

    first = sweep.close_expired()
    left = kept(connections)
    api.tell("DELETE", "b=", 204)
    second = sweep.close_expired()

    assert (first, left) == ({"closed": 2, "failed": 1, "open": 0}, ["b="])
    assert (second, kept(connections)) == ({"closed": 1, "failed": 0, "open": 0}, [])


def test_every_page_of_the_table_is_swept_and_its_open_connections_are_counted(
    sweep: Sweep,
    metrics: FakeMetrics,
    connections: DynamoConnections,
    wire: FaultyWire,
    clock: ManualClock,
    api: ConnectionsApi,
) -> None:
    for number in range(9):
        save(connections, clock, f"old{number}", 0)
        save(connections, clock, f"new{number}", 60)
        api.tell("DELETE", f"old{number}", 204)

    def two_at_a_time(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = 2

    wire.client.meta.events.register("provide-client-params.dynamodb.Scan", two_at_a_time)

    assert sweep.close_expired() == {"closed": 9, "failed": 0, "open": 9}
    assert metrics.sums == {"open_connections": 9}
    assert len(kept(connections)) == 9


def test_an_unreadable_table_is_unavailable_and_no_connection_is_closed(
    sweep: Sweep,
    connections: DynamoConnections,
    wire: FaultyWire,
    clock: ManualClock,
    api: ConnectionsApi,
) -> None:
    save(connections, clock, "a=", 0)
    wire.always("Scan", request_lost)

    with pytest.raises(Unavailable):
        sweep.close_expired()

    assert not api.requests
