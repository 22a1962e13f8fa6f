"""Tables on the emulator, and a client whose requests a test may lose or refuse."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.clients import plain_scan
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.retry import Retry
from tests.contract.aws import (  # noqa: F401 (fixtures)
    addressed,
    connections_table,
    dynamodb,
    dynamodb_connections,
    dynamodb_incidents,
    dynamodb_webhook_jobs,
    dynamodb_webhook_registry,
    emulator,
    incident_tables,
)
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock
from tests.support.emulator import Emulator
from tests.unit.adapters.aws.connections_api.posting import api, poster, poster_at, time  # noqa: F401 (fixtures)
from tests.unit.adapters.aws.faults import FaultyWire


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[FaultyWire]:  # noqa: F811 (a fixture)
    """Yield a DynamoDB client that tries once, and the faults on its way."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=10)
    client = boto3.client("dynamodb", config=config, **addressed(emulator))
    client.meta.events.register("before-parse.dynamodb.Scan", plain_scan)
    yield FaultyWire(client)
    client.close()


@pytest.fixture
def faulty(wire: FaultyWire, incident_tables: IncidentTables) -> DynamoIncidents:  # noqa: F811
    """Return an empty store over ``wire``, on the tables of ``dynamodb_incidents``."""
    return DynamoIncidents(wire.client, incident_tables, Retry(base_s=0.001, cap_s=0.01))
