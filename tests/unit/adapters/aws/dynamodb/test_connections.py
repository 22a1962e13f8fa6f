"""``DynamoConnections``: pages, TTL and faults."""

from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.ports.connections import Connection
from tests.fakes.clock import ManualClock
from tests.unit.adapters.aws.faults import Fault, FaultyWire, answer, refusal, request_lost


@pytest.fixture
def connections(wire: FaultyWire, connections_table: str, clock: ManualClock) -> DynamoConnections:
    """Return empty ``Connections`` over ``wire``."""
    return DynamoConnections(wire.client, connections_table, clock)


def _connection(name: str, clock: ManualClock, seconds: float = 7200, **more: Any) -> Connection:
    now = clock.now()
    return Connection(name, now, now + timedelta(seconds=seconds), **more)


def _ids(connections: DynamoConnections) -> list[str]:
    return sorted(c.connection_id for page in connections.pages() for c in page)


def test_every_page_of_a_scan_is_read_also_after_one_that_was_all_expired(
    connections: DynamoConnections, wire: FaultyWire, clock: ManualClock
) -> None:
    for number in range(20):
        connections.save(_connection(f"old{number}", clock, seconds=1))
    for number in range(5):
        connections.save(_connection(f"new{number}", clock))
    clock.advance(timedelta(seconds=1))

    def two_at_a_time(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = 2

    wire.client.meta.events.register("provide-client-params.dynamodb.Scan", two_at_a_time)

    assert _ids(connections) == [f"new{number}" for number in range(5)]
    assert wire.sent.count("Scan") >= 13


def test_the_ttl_is_in_whole_seconds_and_leaves_time_to_close_the_socket(
    connections: DynamoConnections, wire: FaultyWire, clock: ManualClock
) -> None:
    connection = _connection("a", clock, seconds=1.000001)

    connections.save(connection)

    stored = wire.client.scan(TableName=connections.table)["Items"][0]
    assert stored["expiresAt"] == {"N": str(int(clock.now().timestamp()) + 2 + 600)}


def test_a_connection_comes_back_as_it_was_saved(
    connections: DynamoConnections, clock: ManualClock
) -> None:
    chosen = Filter.from_json({"urgency": ["high"], "location": ["Laboratorio Ñ"]})
    whole = _connection(
        "a", clock, 0.123456, identity=Identity("rosa", Role.AUTORIDAD), filter=chosen
    )

    connections.save(whole)

    assert [list(page) for page in connections.pages()] == [[whole]]


def test_connections_are_unavailable_while_dynamodb_is_out_of_reach(
    connections: DynamoConnections, wire: FaultyWire, clock: ManualClock
) -> None:
    for operation in ("PutItem", "DeleteItem", "Scan"):
        wire.always(operation, request_lost)

    with pytest.raises(Unavailable):
        connections.save(_connection("a", clock))
    with pytest.raises(Unavailable):
        connections.delete("a")
    with pytest.raises(Unavailable):
        list(connections.pages())


@pytest.mark.parametrize(
    "fault",
    [
        answer(200, b"<html>"),
        answer(200, b"\xff"),
        answer(200, 7),
        answer(503, b"<html>"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("InternalServerError", 500),
    ],
)
def test_a_scan_with_a_malformed_response_is_unavailable(
    connections: DynamoConnections, wire: FaultyWire, clock: ManualClock, fault: Fault
) -> None:
    connections.save(_connection("a", clock))
    wire.next("Scan", fault)

    with pytest.raises(Unavailable):
        _ids(connections)


def test_a_shard_is_read_consistently_and_the_estimate_reads_one_segment(
    connections: DynamoConnections, wire: FaultyWire, clock: ManualClock
) -> None:
    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))

    wire.client.meta.events.register("provide-client-params.dynamodb.Scan", note)
    list(connections.pages(3, 7))
    connections.estimate()
    list(connections.pages())

    shard, estimate, whole = asked
    assert (shard["Segment"], shard["TotalSegments"], shard["ConsistentRead"]) == (2, 7, True)
    assert (estimate["Segment"], estimate["TotalSegments"], estimate["Select"]) == (0, 64, "COUNT")
    assert "Segment" not in whole
    assert whole["ConsistentRead"] is True
