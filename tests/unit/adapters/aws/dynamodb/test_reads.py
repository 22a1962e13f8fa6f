"""Reads from DynamoDB: lagging indexes, paged responses, unreadable rows, bounded work."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.items import incident_item
from alerta_utec.adapters.aws.dynamodb.listing import Listing
from alerta_utec.domain.errors import Internal, NotFound, Unavailable
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.ports.incidents import Query
from tests.contract.builders import creation, update
from tests.unit.adapters.aws.faults import FaultyWire, answer, refusal


def _grown(store: DynamoIncidents, revisions: int) -> Incident:
    incident = store.commit(creation(incidentId="a")).change.after
    for step in range(1, revisions):
        store.commit(creation())
        status = Status.EN_ATENCION if step % 2 else Status.PENDIENTE
        incident = store.commit(update(incident, status=status)).change.after
    return incident


def _in_pages_of(wire: FaultyWire, operation: str, limit: int) -> None:
    """Make DynamoDB return this many items in a page, as it does at 1 MB."""

    def smaller(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = min(limit, params.get("Limit", limit))

    wire.client.meta.events.register(f"provide-client-params.dynamodb.{operation}", smaller)


def _listed(listing: Listing, query: Query) -> Iterator[list[str]]:
    before: int | None = None
    while True:
        page = listing.page(
            Query(query.limit, before, query.status, query.urgency, query.type, query.location)
        )
        yield [incident.incident_id for incident in page.incidents]
        if page.next_seq is None:
            return
        assert before is None or page.next_seq < before
        before = page.next_seq


@pytest.mark.parametrize("indexed", [[], [1], [2, 4], [1, 2, 3, 4, 5]])
def test_a_history_is_whole_whatever_the_index_has_so_far(
    faulty: DynamoIncidents, wire: FaultyWire, indexed: list[int]
) -> None:
    _grown(faulty, revisions=5)
    whole = list(faulty.history("a"))
    items = [
        faulty._feed.item_at(change.after.seq)
        for change in whole
        if change.after.revision in indexed
    ]
    wire.next("Query", answer(200, {"Items": items, "Count": len(items)}))

    history = list(faulty.history("a"))

    assert [change.after.revision for change in history] == [1, 2, 3, 4, 5]
    assert history == whole


def test_a_history_ends_at_the_current_revision(faulty: DynamoIncidents, wire: FaultyWire) -> None:
    created = _grown(faulty, revisions=1)

    def overtaken(_request: AWSPreparedRequest) -> AWSResponse | None:
        faulty.commit(update(created, status=Status.RESUELTO))
        return None

    wire.next("Query", overtaken)

    assert [change.after.revision for change in faulty.history("a")] == [1]


def test_a_history_with_a_missing_change_is_unavailable(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    _grown(faulty, revisions=3)
    wire.client.delete_item(
        TableName=faulty.tables.changes, Key={"feed": {"S": "main"}, "seq": {"N": "3"}}
    )

    with pytest.raises(Unavailable):
        faulty.history("a")


def test_every_page_of_a_response_is_read(faulty: DynamoIncidents, wire: FaultyWire) -> None:
    _grown(faulty, revisions=5)
    _in_pages_of(wire, "Query", 2)

    assert [c.after.seq for c in faulty.changes(after_seq=1, limit=7)] == [2, 3, 4, 5, 6, 7, 8]
    assert len(faulty.page(Query(limit=5)).incidents) == 5


def test_a_history_that_the_index_has_whole_costs_one_more_read(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    _grown(faulty, revisions=5)
    _in_pages_of(wire, "Query", 2)
    wire.sent.clear()

    history = faulty.history("a")

    assert [change.after.revision for change in history] == [1, 2, 3, 4, 5]
    assert wire.sent == ["GetItem", "Query", "Query", "Query"]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 5, 200])
@pytest.mark.parametrize("indexed", [True, False])
def test_the_changes_before_one_are_read_in_pages(
    faulty: DynamoIncidents, wire: FaultyWire, page_size: int, indexed: bool
) -> None:
    _grown(faulty, revisions=6)
    last = faulty.history("a", limit=1)[0]
    if not indexed:
        wire.always("Query", answer(200, {"Items": [], "Count": 0}))

    found = faulty._feed.changes_before(last, page_size=page_size)

    assert [change.after.revision for change in found] == [5, 4, 3, 2, 1]


def test_of_the_changes_before_one_only_the_page_that_is_needed_is_read(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    _grown(faulty, revisions=6)
    last = faulty.history("a", limit=1)[0]
    wire.sent.clear()

    first = next(faulty._feed.changes_before(last, page_size=2))

    assert first.after.revision == 5
    assert wire.sent == ["Query"]


def test_the_chain_of_changes_holds_whatever_seq_the_caller_had(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    change = creation(incidentId="a")
    first = faulty.commit(change).change
    wire.always("Query", answer(200, {"Items": [], "Count": 0}))

    second = faulty.commit(update(change.after, status=Status.RESUELTO)).change

    assert change.after.seq == 0
    assert second.before == first.after
    assert list(faulty.history("a")) == [first, second]


def test_changes_beyond_a_megabyte_are_read_whole(dynamodb_incidents: DynamoIncidents) -> None:
    for _ in range(80):
        dynamodb_incidents.commit(creation(description="🎓" * 4000))

    changes = dynamodb_incidents.changes(after_seq=0, limit=1000)

    assert [change.after.seq for change in changes] == list(range(1, 81))


@pytest.mark.parametrize("incident_id", ["", "x" * 65, "x" * 3000, "ñ", "\ud800"])
def test_an_impossible_incident_id_is_not_found(
    dynamodb_incidents: DynamoIncidents, incident_id: str
) -> None:
    with pytest.raises(NotFound):
        dynamodb_incidents.get(incident_id)
    with pytest.raises(NotFound):
        dynamodb_incidents.history(incident_id)


def test_a_listing_shows_an_incident_once_while_its_index_catches_up(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    created = faulty.commit(creation(incidentId="a")).change.after
    updated = faulty.commit(update(created, status=Status.EN_ATENCION)).change.after
    stale = incident_item(created, created_seq=1, digest=None)

    def lagging(request: AWSPreparedRequest) -> AWSResponse | None:
        asked = json.loads(cast(bytes, request.body))["ExpressionAttributeValues"][":status"]["S"]
        found = [stale] if asked == Status.PENDIENTE else None
        return answer(200, {"Items": found, "Count": 1})(request) if found else None

    wire.always("Query", lagging)

    page = faulty.page(Query())

    assert list(page.incidents) == [updated]


def test_an_unreadable_row_is_left_out_of_a_listing_and_logged(
    faulty: DynamoIncidents, wire: FaultyWire, caplog: pytest.LogCaptureFixture
) -> None:
    kept = faulty.commit(creation()).change.after
    wire.client.put_item(
        TableName=faulty.tables.incidents,
        Item={"incidentId": {"S": "odd"}, "status": {"S": "pendiente"}, "createdSeq": {"N": "9"}},
    )

    page = faulty.page(Query())

    assert list(page.incidents) == [kept]
    assert [record.message for record in caplog.records] == ["damaged_row"]


@pytest.mark.parametrize("examined_max", [1, 4, 5, 6, 24, 25, 26])
def test_a_listing_that_matches_little_does_bounded_work_and_misses_nothing(
    dynamodb_incidents: DynamoIncidents, examined_max: int
) -> None:
    for number in range(25):
        urgency = "high" if number in (3, 4, 20) else "low"
        dynamodb_incidents.commit(creation(incidentId=f"i{number}", urgency=urgency))
    store = dynamodb_incidents
    listing = Listing(store.client, store.tables.incidents, examined_max=examined_max)

    pages = list(_listed(listing, Query(limit=2, urgency=frozenset({Urgency.HIGH}))))

    assert [name for page in pages for name in page] == ["i20", "i4", "i3"]
    assert len(pages) >= 25 // examined_max


def test_a_missing_table_is_internal_and_logged(
    faulty: DynamoIncidents, wire: FaultyWire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.next("GetItem", refusal("ResourceNotFoundException"))

    with pytest.raises(Internal):
        faulty.get("a")

    assert [record.message for record in caplog.records] == ["aws_refused"]


@pytest.mark.parametrize("operation", ["get", "history", "page", "changes", "position"])
def test_reads_are_unavailable_while_dynamodb_throttles(
    faulty: DynamoIncidents, wire: FaultyWire, operation: str
) -> None:
    arguments: dict[str, Any] = {
        "get": {"incident_id": "a"},
        "history": {"incident_id": "a"},
        "page": {"query": Query()},
        "changes": {"after_seq": 0, "limit": 1},
        "position": {},
    }
    wire.always("GetItem", refusal("ThrottlingException"))
    wire.always("Query", refusal("ProvisionedThroughputExceededException"))

    with pytest.raises(Unavailable):
        getattr(faulty, operation)(**arguments[operation])
