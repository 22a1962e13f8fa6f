"""Commits on DynamoDB with lost, late or refused requests."""

from dataclasses import replace

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from alerta_utec.adapters.aws.clients import dynamodb_config
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.domain.errors import Conflict, Internal, Unavailable
from alerta_utec.domain.values import Status
from tests.contract.aws import addressed
from tests.contract.builders import creation, update
from tests.support.emulator import Emulator
from tests.unit.adapters.aws.faults import (
    Fault,
    FaultyWire,
    answer,
    answer_lost,
    cancelled,
    carry_out,
    refusal,
    request_lost,
)

WRITE = "TransactWriteItems"
LOOK = "BatchGetItem"


@pytest.mark.parametrize(
    "fault",
    [
        cancelled("TransactionConflict", "None", "None"),
        cancelled("ConditionalCheckFailed", "None", "None"),
        cancelled("None", "ThrottlingError", "None"),
        refusal("TransactionInProgressException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("InternalServerError", status=500),
        answer(503, {}),
        request_lost,
    ],
)
def test_a_transient_failure_is_retried(
    faulty: DynamoIncidents, wire: FaultyWire, fault: Fault
) -> None:
    wire.next(WRITE, fault, fault)

    committed = faulty.commit(creation())

    assert not committed.duplicate
    assert wire.sent.count(WRITE) == 3
    assert [c.after.seq for c in faulty.changes(after_seq=0, limit=10)] == [1]


def test_a_partial_read_is_repeated(faulty: DynamoIncidents, wire: FaultyWire) -> None:
    created = faulty.commit(creation(incidentId="a")).change.after
    unread = {faulty.tables.incidents: {"Keys": [{"incidentId": {"S": "a"}}]}}
    wire.next(LOOK, answer(200, {"Responses": {}, "UnprocessedKeys": unread}))

    committed = faulty.commit(update(created, status=Status.RESUELTO))

    assert committed.change.after.seq == 2
    assert wire.sent.count(WRITE) == 2


def test_a_creation_whose_response_is_lost_is_found_and_not_stored_twice(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    wire.next(WRITE, answer_lost)

    committed = faulty.commit(creation(incidentId="a", key="k"))

    assert not committed.duplicate
    assert list(faulty.changes(after_seq=0, limit=10)) == [committed.change]
    assert wire.sent.count(WRITE) == 1


def test_a_retry_by_botocore_is_the_same_transaction(
    emulator: Emulator, incident_tables: IncidentTables
) -> None:
    client = boto3.client("dynamodb", config=dynamodb_config(), **addressed(emulator))
    wire = FaultyWire(client)
    wire.next(WRITE, answer_lost)

    committed = DynamoIncidents(client, incident_tables).commit(creation())

    client.close()
    assert (committed.duplicate, committed.change.after.seq) == (False, 1)
    assert [wire.sent.count(LOOK), wire.sent.count(WRITE)] == [1, 2]


def test_an_update_whose_response_is_lost_is_found_before_later_changes(
    faulty: DynamoIncidents, dynamodb_incidents: DynamoIncidents, wire: FaultyWire
) -> None:
    created = faulty.commit(creation(incidentId="a")).change.after

    def lost_and_overtaken(request: AWSPreparedRequest) -> AWSResponse | None:
        assert carry_out(request) == 200
        mine = dynamodb_incidents.get("a")
        dynamodb_incidents.commit(update(mine, status=Status.RESUELTO))
        return request_lost(request)

    wire.next(WRITE, lost_and_overtaken)

    committed = faulty.commit(update(created, status=Status.EN_ATENCION), expected_revision=1)

    assert not committed.duplicate
    assert (committed.change.after.seq, committed.change.after.revision) == (2, 2)
    assert [c.after.revision for c in faulty.history("a")] == [1, 2, 3]


def test_an_overtaken_update_conflicts_also_if_its_response_was_lost(
    faulty: DynamoIncidents, dynamodb_incidents: DynamoIncidents, wire: FaultyWire
) -> None:
    created = faulty.commit(creation(incidentId="a")).change.after

    def overtaken(request: AWSPreparedRequest) -> AWSResponse | None:
        dynamodb_incidents.commit(update(created, status=Status.RESUELTO))
        return request_lost(request)

    wire.next(WRITE, overtaken)

    with pytest.raises(Conflict):
        faulty.commit(update(created, status=Status.EN_ATENCION))

    assert [c.after.status for c in faulty.history("a")] == [Status.PENDIENTE, Status.RESUELTO]


def test_a_transaction_that_arrives_late_is_found_and_not_stored_twice(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    late: list[AWSPreparedRequest] = []

    def held_up(request: AWSPreparedRequest) -> AWSResponse | None:
        late.append(request)
        return request_lost(request)

    def overtaken(_request: AWSPreparedRequest) -> AWSResponse | None:
        assert carry_out(late[0]) == 200
        return None

    wire.next(WRITE, held_up, overtaken)

    committed = faulty.commit(creation(key="k"))

    assert not committed.duplicate
    assert list(faulty.changes(after_seq=0, limit=10)) == [committed.change]


def test_a_repeat_of_a_given_up_transaction_that_arrived_late_is_a_duplicate(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    change = creation(incidentId="a")
    impatient = replace(faulty, retry=replace(faulty.retry, give_up_after_s=0.1))
    wire.next(WRITE, answer_lost)
    wire.next(LOOK, lambda _request: None)
    wire.always(LOOK, request_lost)
    with pytest.raises(Unavailable):
        impatient.commit(change)

    wire.always(LOOK, lambda _request: None)
    repeated = faulty.commit(change)

    assert repeated.duplicate
    assert repeated.change.after.seq == 1
    assert faulty.position().seq == 1


def test_a_malformed_transaction_is_internal_and_not_retried(
    faulty: DynamoIncidents, wire: FaultyWire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.next(WRITE, cancelled("None", "ValidationError", "None"))

    with pytest.raises(Internal):
        faulty.commit(creation())

    assert wire.sent.count(WRITE) == 1
    assert [record.message for record in caplog.records] == ["aws_refused"]
