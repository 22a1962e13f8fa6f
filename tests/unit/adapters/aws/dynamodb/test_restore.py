"""The restore of the feed, against DynamoDB on the emulator."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from alerta_utec.adapters.aws.dynamodb.feed_gate import FeedGate
from alerta_utec.adapters.aws.dynamodb.headers import RESTORED, is_restored
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.restore import RestoreFeed, SourceRefused
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Conflict, NotFound, Unavailable
from alerta_utec.domain.values import Status
from tests.contract.aws import INCIDENT_SHAPES, create
from tests.contract.builders import creation, update
from tests.unit.adapters.aws.faults import FaultyWire, answer, request_lost

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUICK = Retry(base_s=0.001, cap_s=0.01)
BATCH_WRITE = "BatchWriteItem"


def ignore(_done: int, _total: int) -> None:
    """Show no progress."""


def everything(client: "DynamoDBClient", table: str) -> list[dict[str, Any]]:
    """Return all items of a table."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


@pytest.fixture
def source(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """Yield an empty table of changes, to which a test saves an earlier state."""
    table = create(dynamodb, "changes")
    yield table
    dynamodb.delete_table(TableName=table)


@pytest.fixture
def save(
    dynamodb: "DynamoDBClient", incident_tables: IncidentTables, source: str
) -> Callable[[], None]:
    """Return what copies the changes of this moment, as DynamoDB's recovery does."""

    def copy() -> None:
        for item in everything(dynamodb, incident_tables.changes):
            dynamodb.put_item(TableName=source, Item=item)

    return copy


@pytest.fixture
def restore(wire: FaultyWire, source: str, incident_tables: IncidentTables) -> RestoreFeed:
    """Return a restore over ``wire``."""
    return RestoreFeed(wire.client, source, incident_tables, QUICK)


def state(store: DynamoIncidents) -> dict[str, Any]:
    """Return the history of each incident, and its present state."""
    changes = store.changes(after_seq=0, limit=1000)
    names = dict.fromkeys(change.incident_id for change in changes)
    return {name: (store.get(name), list(store.history(name))) for name in names}


def rows(store: DynamoIncidents) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the items of all incidents and changes, by key and without the mark of copies."""
    found = {}
    for item in everything(store.client, store.tables.incidents):
        found[item["incidentId"]["S"],] = item
    for item in everything(store.client, store.tables.changes):
        if item["feed"]["S"] == "main":
            found["main", item["seq"]["N"]] = {**item, RESTORED: {"BOOL": True}}
    return found


def fill(store: DynamoIncidents) -> None:
    """Commit 30 incidents, of which some move on."""
    for number in range(30):
        first = store.commit(creation(incidentId=f"i{number}", key=f"k{number}")).change.after
        if number % 3 == 0:
            store.commit(update(first, status=Status.EN_ATENCION, note="en camino"))


def spoil(store: DynamoIncidents) -> None:
    """Commit what a restore undoes: a new incident, and a change of an old one."""
    store.commit(creation(incidentId="nuevo", key="nueva"))
    store.commit(update(store.get("i1"), status=Status.RESUELTO))


def test_a_restore_brings_the_earlier_state_back_under_a_new_epoch(
    dynamodb_incidents: DynamoIncidents, save: Callable[[], None], restore: RestoreFeed
) -> None:
    fill(dynamodb_incidents)
    save()
    before, position = state(dynamodb_incidents), dynamodb_incidents.position()
    spoil(dynamodb_incidents)

    plan = restore.plan()
    restored = restore.run(plan, ignore)

    assert (plan.last, plan.lost) == (position, 2)
    assert state(dynamodb_incidents) == before
    assert restored == dynamodb_incidents.position()
    assert (restored.seq, restored.epoch) == (position.seq, restored.epoch)
    assert restored.epoch != position.epoch
    with pytest.raises(NotFound):
        dynamodb_incidents.get("nuevo")


def test_commits_go_on_without_a_gap_and_lost_keys_are_forgotten(
    dynamodb_incidents: DynamoIncidents, save: Callable[[], None], restore: RestoreFeed
) -> None:
    fill(dynamodb_incidents)
    save()
    spoil(dynamodb_incidents)
    restore.run(restore.plan(), ignore)

    kept = dynamodb_incidents.commit(creation(incidentId="i2", key="k2"))
    anew = dynamodb_incidents.commit(creation(incidentId="nuevo", key="nueva"))
    moved = dynamodb_incidents.commit(update(dynamodb_incidents.get("i1"), status=Status.RESUELTO))

    assert (kept.duplicate, anew.duplicate) == (True, False)
    seqs = [change.after.seq for change in dynamodb_incidents.changes(after_seq=0, limit=1000)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert seqs[-2:] == [anew.change.after.seq, moved.change.after.seq]


def test_copied_changes_are_marked_and_new_ones_are_not(
    dynamodb_incidents: DynamoIncidents, save: Callable[[], None], restore: RestoreFeed
) -> None:
    fill(dynamodb_incidents)
    save()
    restore.run(restore.plan(), ignore)
    new = dynamodb_incidents.commit(creation(incidentId="nuevo")).change

    items = everything(dynamodb_incidents.client, dynamodb_incidents.tables.changes)
    changes = {int(item["seq"]["N"]): item for item in items if item["feed"]["S"] == "main"}
    assert {seq for seq, item in changes.items() if not is_restored(item)} == {new.after.seq}


def test_a_feed_is_restored_into_an_empty_stack(
    dynamodb: "DynamoDBClient",
    dynamodb_incidents: DynamoIncidents,
    save: Callable[[], None],
    source: str,
) -> None:
    fill(dynamodb_incidents)
    save()
    tables = IncidentTables(*(create(dynamodb, shape) for shape in INCIDENT_SHAPES))
    empty = DynamoIncidents(dynamodb, tables)
    restore = RestoreFeed(dynamodb, source, tables)

    plan = restore.plan()
    restore.run(plan, ignore)

    assert (plan.present, plan.lost) == (None, 0)
    assert state(empty) == state(dynamodb_incidents)


def test_nothing_is_read_or_committed_while_the_feed_is_closed(
    dynamodb_incidents: DynamoIncidents, restore: RestoreFeed
) -> None:
    dynamodb_incidents.commit(creation())
    gate = FeedGate(dynamodb_incidents.client, dynamodb_incidents.tables.changes)

    gate.close("otra")

    with pytest.raises(Unavailable):
        dynamodb_incidents.commit(creation())
    with pytest.raises(Unavailable):
        dynamodb_incidents.position()
    with pytest.raises(Conflict):
        gate.begin_epoch()
    assert (found := gate.state()) is not None
    assert found.closed_for == "otra"


def test_a_commit_under_way_when_the_feed_closes_is_not_applied(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    faulty.commit(creation())
    gate = FeedGate(wire.client, faulty.tables.changes)

    def closed(_request: AWSPreparedRequest) -> AWSResponse | None:
        gate.close("otra")
        return None

    wire.next("TransactWriteItems", closed)
    impatient = replace(faulty, retry=replace(faulty.retry, give_up_after_s=0.1))

    with pytest.raises(Unavailable):
        impatient.commit(creation())
    assert len(everything(wire.client, faulty.tables.incidents)) == 1
    assert everything(wire.client, faulty.tables.inbox) == []


def test_a_new_epoch_keeps_the_seq_and_the_next_commit_follows(
    dynamodb_incidents: DynamoIncidents,
) -> None:
    first = dynamodb_incidents.commit(creation()).change.position
    assert first is not None

    begun = FeedGate(dynamodb_incidents.client, dynamodb_incidents.tables.changes).begin_epoch()

    second = dynamodb_incidents.commit(creation()).change.position
    assert begun.epoch != first.epoch
    assert second == replace(begun, seq=2)


def test_a_restore_that_ends_at_any_step_leaves_the_feed_closed_and_can_be_repeated(
    dynamodb_incidents: DynamoIncidents,
    save: Callable[[], None],
    restore: RestoreFeed,
    wire: FaultyWire,
) -> None:
    fill(dynamodb_incidents)
    save()
    before = rows(dynamodb_incidents)
    left = 0

    def ends(request: AWSPreparedRequest) -> AWSResponse | None:
        nonlocal left
        left -= 1
        return request_lost(request) if left < 0 else None

    wire.always(BATCH_WRITE, ends)
    wire.always("UpdateItem", ends)
    for calls in itertools.count():
        spoil(dynamodb_incidents)
        plan, left = restore.plan(), calls
        try:
            restore.run(plan, ignore)
        except Unavailable:
            assert not calls or _is_closed(dynamodb_incidents)
        else:
            break
        left = 1_000
        restore.run(restore.plan(), ignore)
        assert rows(dynamodb_incidents) == before, calls
    assert calls > 6


def _is_closed(store: DynamoIncidents) -> bool:
    state = FeedGate(store.client, store.tables.changes).state()
    return state is not None and state.closed_for is not None


def test_items_that_dynamodb_did_not_take_are_sent_again(
    dynamodb_incidents: DynamoIncidents,
    save: Callable[[], None],
    restore: RestoreFeed,
    wire: FaultyWire,
    incident_tables: IncidentTables,
) -> None:
    dynamodb_incidents.commit(creation(incidentId="uno"))
    save()
    before = state(dynamodb_incidents)
    (item,) = (i for i in everything(wire.client, restore.source) if i["feed"]["S"] == "main")
    unprocessed = {incident_tables.changes: [{"PutRequest": {"Item": item}}]}
    wire.next(BATCH_WRITE, answer(200, {"UnprocessedItems": unprocessed}))

    restore.run(restore.plan(), ignore)

    assert state(dynamodb_incidents) == before


def test_a_table_without_a_whole_feed_is_refused_and_nothing_is_closed(
    dynamodb: "DynamoDBClient",
    dynamodb_incidents: DynamoIncidents,
    save: Callable[[], None],
    restore: RestoreFeed,
) -> None:
    with pytest.raises(SourceRefused, match="no tiene un contador"):
        restore.plan()
    with pytest.raises(SourceRefused, match="no existe la tabla"):
        replace(restore, source="no-hay").plan()
    for name in ("uno", "dos", "tres"):
        dynamodb_incidents.commit(creation(incidentId=name))
    save()
    for seq in ("3", "2"):
        dynamodb.delete_item(
            TableName=restore.source, Key={"feed": {"S": "main"}, "seq": {"N": seq}}
        )
        with pytest.raises(SourceRefused, match=f"le falta el cambio {seq}"):
            restore.plan()

    assert dynamodb_incidents.position().seq == 3
