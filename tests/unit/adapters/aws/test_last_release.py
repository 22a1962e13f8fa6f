"""Rows and messages of version 0.1 meet the code of today, as after a deployment."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries
from alerta_utec.adapters.aws.dynamodb.headers import header_from_image
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.aws.dynamodb.rates import DynamoRateLimits
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.domain.policy import Role
from alerta_utec.domain.values import Status
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.registry import DynamoWebhooks
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.aws.wakeups import parse_wakeup
from alerta_utec.webhooks.job import JobKey
from alerta_utec.webhooks.model import State
from tests.contract.aws import SentWakeUps, create
from tests.contract.builders import T0, creation, update
from tests.fakes.clock import ManualClock
from tests.unit.adapters.aws.faults import FaultyWire
from tests.unit.notifications.aws.topic import build

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GOLDEN = Path(__file__).parents[3] / "golden" / "v0_1"
Load = Callable[..., str]

# The tables that version 0.1 does not have.
NEW_SHAPES = frozenset({"inbox"})


def golden(name: str) -> Any:
    """Return what version 0.1 stored or sent under this name."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.fixture
def load(dynamodb: "DynamoDBClient") -> Iterator[Load]:
    """Return what makes a table with the rows of version 0.1, and returns its name."""
    made: list[str] = []

    def fill(shape: str, rows: str | None = None) -> str:
        made.append(create(dynamodb, shape))
        for item in () if shape in NEW_SHAPES else golden(rows or shape):
            dynamodb.put_item(TableName=made[-1], Item=item)
        return made[-1]

    yield fill
    for table in made:
        dynamodb.delete_table(TableName=table)


@pytest.fixture
def store(dynamodb: "DynamoDBClient", load: Load) -> DynamoIncidents:
    """Return the incidents of version 0.1."""
    tables = IncidentTables(*map(load, ("incidents", "changes", "keys", "inbox")))
    return DynamoIncidents(dynamodb, tables)


def test_incidents_and_their_history_are_read(store: DynamoIncidents) -> None:
    found = store.get("aula-1")

    history = store.history("aula-1")
    assert (found.status, found.drill, found.reported_by) == (Status.EN_ATENCION, True, "ana")
    assert found.to_json()["sensor"] == {"co2": 5}
    assert [(change.after.revision, change.by, change.note) for change in history] == [
        (1, "ana", None),
        (2, "luis", "en camino"),
    ]
    assert store.position().seq == 3


def test_commits_go_on_from_the_old_counter_and_old_keys_are_recognised(
    store: DynamoIncidents,
) -> None:
    fields: dict[str, Any] = {"urgency": "high", "drill": True, "sensor": {"co2": 5}}
    repeated = store.commit(creation(incidentId="aula-1", key="clave-1", user="ana", **fields))
    moved = store.commit(update(store.get("aula-2"), status=Status.RESUELTO))

    assert (repeated.duplicate, repeated.change.after.seq) == (True, 1)
    assert moved.change.after.seq == 4
    assert store.position().epoch == repeated.change.position.epoch  # type: ignore[union-attr]


def test_a_stream_record_is_read_by_both_readers() -> None:
    images = [item for item in golden("changes") if item["feed"]["S"] == "main"]

    changes = [change_from_image(image) for image in images]

    assert sorted(change.after.seq for change in changes) == [1, 2, 3]
    assert [header_from_image(image).position for image in images] == [
        change.position for change in changes
    ]


def test_a_bucket_of_tokens_is_read(dynamodb: "DynamoDBClient", store: DynamoIncidents) -> None:
    limits = DynamoRateLimits(dynamodb, store.tables.keys)

    waits = [limits.take("user ana", T0, per_s=1, burst=5) for _ in range(5)]

    # One of the five was taken by version 0.1.
    assert [wait > 0 for wait in waits] == [False] * 4 + [True]


def test_connections_are_read_with_their_filters_and_roles(
    dynamodb: "DynamoDBClient", load: Load
) -> None:
    connections = DynamoConnections(dynamodb, load("connections"), ManualClock(T0))

    found = {one.connection_id: one for page in connections.pages() for one in page}

    assert set(found) == {"anonimo=", "jefa="}
    head = found["jefa="]
    assert (head.identity.user, head.identity.role, head.lang) == ("rosa", Role.AUTORIDAD, "en")
    assert head.filter.to_json() == {"urgency": ["high"], "location": ["patio"]}
    assert found["anonimo="].identity.user is None


def test_records_of_deliveries_are_added_up(dynamodb: "DynamoDBClient", load: Load) -> None:
    deliveries = DynamoDeliveries(dynamodb, load("deliveries")).for_incident("aula-1")

    found = {(one.revision, one.channel): one.outcome for one in deliveries}
    assert found[1, "broadcast"]["delivered"] == 1
    assert found[1, "email"] == {"result": "failed", "because": "SMTP 451", "attempts": 2}
    assert (found[2, "broadcast"]["attempted"], found[2, "broadcast"]["pending"]) == (500, 250)


def test_webhooks_and_their_jobs_are_read(
    dynamodb: "DynamoDBClient", load: Load, store: DynamoIncidents
) -> None:
    clock = ManualClock(T0 + timedelta(hours=3))
    table = JobTable(dynamodb, load("webhook_jobs"))
    jobs = DynamoWebhookJobs(table, store, SentWakeUps(), clock)
    registry = DynamoWebhooks(dynamodb, load("webhooks"), jobs)

    (webhook,) = registry.all()
    due = jobs.due(webhook.webhook_id, clock.now(), 9)
    (letter,) = jobs.dead_letters(webhook.webhook_id, 9)

    assert (webhook.state, len(webhook.secrets), webhook.format.value) == (State.PAUSED, 1, "json")
    assert [(job.change.after.seq, job.attempts) for job in due] == [(1, 1), (3, 0)]
    assert (letter.change.after.seq, letter.reason, letter.attempts) == (2, "HTTP 400", 10)
    registry.save(webhook.next(state=State.ACTIVE))
    jobs.mark_delivered(due[0], at=clock.now())
    assert len(jobs.due(webhook.webhook_id, clock.now(), 9)) == 1


def test_held_notifications_and_pending_digests_leave(
    wire: FaultyWire, load: Load, incident_tables: IncidentTables
) -> None:
    tables = replace(incident_tables, changes=load("changes", "notices_changes"))
    topic = build(wire, tables, load("notices"))

    topic.pass_by(20)

    held = [{line for line in ("dos", "seis") if line in mail.body} for mail in topic.mailer.sent]
    assert sorted(map(sorted, held)) == [["dos"], ["seis"]]


def test_messages_of_shards_and_wake_ups_are_read() -> None:
    shard = shard_of(json.dumps(golden("shard")))
    key = parse_wakeup(json.dumps(golden("wakeup")))

    assert {"jefa=", "anonimo=", "otro="} == {
        connection_id for one in shard.remainder for connection_id in one.connection_ids
    }
    assert [str(position) for position in shard.positions] == [golden("shard")["position"]]
    assert key == JobKey(golden("wakeup")["webhookId"], 2)


def test_every_golden_file_is_read_by_a_test() -> None:
    text = Path(__file__).read_text()

    for path in GOLDEN.glob("*.json"):
        assert f'"{path.stem}"' in text, path.name
