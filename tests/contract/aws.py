"""The tables and adapters of AWS, on an emulator.

Fixtures for any suite that imports them: ``emulator`` lasts for the run, tables for a test.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from alerta_utec.adapters.aws.clients import dynamodb_config, plain_scan
from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import BY_INCIDENT, BY_STATUS, IncidentTables
from alerta_utec.sign_in.aws.keys import DynamoKeys
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.registry import DynamoWebhooks
from alerta_utec.webhooks.aws.table import BY_PILE, JobTable
from alerta_utec.webhooks.job import JobKey
from tests.fakes.clock import ManualClock
from tests.support.emulator import REGION, Emulator
from tests.support.incidents import unique

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How late the emulator's event sources begin.
LATE_S = 1.0
# Key and index attributes as serverless.yml deploys them: {name: (key, {index: key}, TTL)}.
SHAPES: Mapping[str, Any] = {
    "incidents": ({"incidentId": "S"}, {BY_STATUS: {"status": "S", "createdSeq": "N"}}, None),
    "changes": (
        {"feed": "S", "seq": "N"},
        {BY_INCIDENT: {"incidentId": "S", "revision": "N"}},
        None,
    ),
    "keys": ({"key": "S"}, {}, "expiresAt"),
    "inbox": ({"feed": "S", "row": "S"}, {}, "expiresAt"),
    "connections": ({"connectionId": "S"}, {}, "expiresAt"),
    "deliveries": ({"incidentId": "S", "record": "S"}, {}, None),
    "notices": ({"recipient": "S", "row": "S"}, {}, "expiresAt"),
    "credentials": ({"kind": "S", "id": "S"}, {}, "expiresAt"),
    "webhooks": ({"webhookId": "S"}, {}, None),
    "webhook_jobs": (
        {"webhookId": "S", "seq": "N"},
        {BY_PILE: {"pile": "S", "seq": "N"}},
        "expiresAt",
    ),
}

# The shapes of ``IncidentTables``, in its order.
INCIDENT_SHAPES = ("incidents", "changes", "keys", "inbox")


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Start an emulated AWS for the whole run."""
    with Emulator(late_s=LATE_S) as running:
        yield running


@pytest.fixture(scope="session")
def dynamodb(emulator: Emulator) -> Iterator["DynamoDBClient"]:
    """Return a client with the settings of the deployed one."""
    client = boto3.client("dynamodb", config=dynamodb_config(), **addressed(emulator))
    client.meta.events.register("before-parse.dynamodb.Scan", plain_scan)
    yield client
    client.close()


@pytest.fixture(scope="session")
def lagging_dynamodb() -> Iterator["DynamoDBClient"]:
    """Return a client of tables whose indexes are a second behind."""
    with Emulator(lag_s=1.0) as emulator:
        client = boto3.client("dynamodb", config=dynamodb_config(), **addressed(emulator))
        yield client
        client.close()


@pytest.fixture
def incident_tables(dynamodb: "DynamoDBClient") -> Iterator[IncidentTables]:
    """Return empty tables of a test's own."""
    names = [create(dynamodb, shape) for shape in INCIDENT_SHAPES]
    yield IncidentTables(*names)
    for table in names:
        dynamodb.delete_table(TableName=table)


@pytest.fixture
def dynamodb_incidents(
    dynamodb: "DynamoDBClient", incident_tables: IncidentTables
) -> DynamoIncidents:
    """Return an empty ``IncidentStore``."""
    return DynamoIncidents(dynamodb, incident_tables)


@pytest.fixture
def lagging_incidents(lagging_dynamodb: "DynamoDBClient") -> Iterator[DynamoIncidents]:
    """Return an empty ``IncidentStore`` whose indexes lag."""
    names = [create(lagging_dynamodb, shape) for shape in INCIDENT_SHAPES]
    yield DynamoIncidents(lagging_dynamodb, IncidentTables(*names))
    for name in names:
        lagging_dynamodb.delete_table(TableName=name)


@pytest.fixture
def connections_table(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """Return an empty table of a test's own."""
    table = create(dynamodb, "connections")
    yield table
    dynamodb.delete_table(TableName=table)


@pytest.fixture
def dynamodb_connections(
    dynamodb: "DynamoDBClient", connections_table: str, clock: ManualClock
) -> DynamoConnections:
    """Return empty ``Connections`` that use the test's ``clock``."""
    return DynamoConnections(dynamodb, connections_table, clock, estimate_segments=4)


@pytest.fixture
def dynamodb_deliveries(dynamodb: "DynamoDBClient") -> Iterator[DynamoDeliveries]:
    """Return empty ``Deliveries``."""
    table = create(dynamodb, "deliveries")
    yield DynamoDeliveries(dynamodb, table)
    dynamodb.delete_table(TableName=table)


@dataclass(frozen=True)
class SentWakeUps:
    """``WakeUps`` that keep what was sent."""

    sent: list[JobKey] = field(default_factory=list)

    def send_wakeups(self, keys: Sequence[JobKey]) -> None:
        self.sent.extend(keys)


@pytest.fixture
def dynamodb_webhook_jobs(
    dynamodb: "DynamoDBClient", dynamodb_incidents: DynamoIncidents, clock: ManualClock
) -> Iterator[DynamoWebhookJobs]:
    """Return empty ``WakingJobs``, of changes in ``dynamodb_incidents``."""
    table = create(dynamodb, "webhook_jobs")
    yield DynamoWebhookJobs(JobTable(dynamodb, table), dynamodb_incidents, SentWakeUps(), clock)
    dynamodb.delete_table(TableName=table)


@pytest.fixture
def dynamodb_webhook_registry(
    dynamodb: "DynamoDBClient", dynamodb_webhook_jobs: DynamoWebhookJobs
) -> Iterator[DynamoWebhooks]:
    """Return empty ``Webhooks``, with their jobs in ``dynamodb_webhook_jobs``."""
    table = create(dynamodb, "webhooks")
    yield DynamoWebhooks(dynamodb, table, dynamodb_webhook_jobs)
    dynamodb.delete_table(TableName=table)


@pytest.fixture
def dynamodb_keys(dynamodb: "DynamoDBClient") -> Iterator[DynamoKeys]:
    """Return an empty ``KeyStore``."""
    table = create(dynamodb, "credentials")
    yield DynamoKeys(dynamodb, table)
    dynamodb.delete_table(TableName=table)


def addressed(emulator: Emulator) -> dict[str, Any]:
    """Return the arguments that direct ``boto3.client`` to the emulator in any environment."""
    return {
        "endpoint_url": emulator.endpoint_url,
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


def create(client: "DynamoDBClient", shape: str) -> str:
    """Create a table of this shape and return its name."""
    key, indexes, ttl = SHAPES[shape]
    table = unique(shape)
    client.create_table(**table_settings(table, key, indexes))
    client.get_waiter("table_exists").wait(TableName=table)
    if ttl:
        client.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl}
        )
    return table


def table_settings(
    table: str, key: Mapping[str, str], indexes: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return the arguments of ``create_table``."""
    attributes = dict(key)
    for index in indexes.values():
        attributes |= index
    settings: dict[str, Any] = {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(key),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()
        ],
    }
    if indexes:
        settings["GlobalSecondaryIndexes"] = [
            {"IndexName": name, "KeySchema": _schema(own), "Projection": {"ProjectionType": "ALL"}}
            for name, own in indexes.items()
        ]
    return settings


def _schema(key: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
