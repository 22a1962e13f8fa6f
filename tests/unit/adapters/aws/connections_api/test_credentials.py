"""``ApiCredentials``, against DynamoDB on the emulator and a real peer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.connections_api.credentials import ApiCredentials
from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.ports.connections import Connection
from tests.fakes.clock import ManualClock
from tests.unit.adapters.aws.connections_api.fake_api import DROP, ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import connections_http
from tests.unit.adapters.aws.faults import FaultyWire


@pytest.fixture
def api() -> Iterator[ConnectionsApi]:
    """Yield a management endpoint."""
    with ConnectionsApi() as answering:
        yield answering


@pytest.mark.parametrize("status", [204, 410, 429, DROP])
def test_the_connections_of_a_credential_are_removed_whatever_their_close_returns(
    wire: FaultyWire, connections_table: str, clock: ManualClock, api: ConnectionsApi, status: int
) -> None:
    connections = DynamoConnections(wire.client, connections_table, clock)
    plain = Connection("plain", clock.now(), clock.now() + timedelta(hours=2))
    connections.save(plain)
    for name, credential in (("a=", "key:1"), ("b=", "key:1"), ("c=", "key:12")):
        connections.save(replace(plain, connection_id=name, credential=credential))
        api.tell("DELETE", name, status)
    http = connections_http(api.url)

    closed = ApiCredentials(wire.client, connections_table, http).close_all("key:1")

    http.close()
    assert closed == 2
    left = {one.connection_id for page in connections.pages() for one in page}
    assert left == {"plain", "c="}
    assert {name for _, name in api.requests} == {"a=", "b="}
