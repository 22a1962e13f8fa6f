"""What commits on DynamoDB count, and what they log."""

from dataclasses import replace

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Unavailable
from tests.contract.builders import creation
from tests.fakes.metrics import FakeMetrics
from tests.unit.adapters.aws.faults import FaultyWire, answer_lost, cancelled

WRITE = "TransactWriteItems"
CONFLICT = cancelled("TransactionConflict", "None", "None", "None")


@pytest.fixture
def metrics() -> FakeMetrics:
    return FakeMetrics()


@pytest.fixture
def store(faulty: DynamoIncidents, metrics: FakeMetrics) -> DynamoIncidents:
    return replace(faulty, metrics=metrics)


def test_a_commit_is_counted_with_its_conflicts_and_logged_with_its_request(
    store: DynamoIncidents, metrics: FakeMetrics, wire: FaultyWire
) -> None:
    wire.next(WRITE, CONFLICT)
    wire.next(WRITE, CONFLICT)

    committed = store.commit(replace(creation(), request_id="BFHPhfCWIAMCKlQ="))

    assert metrics.sums == {"commits": 1, "conflicts": 2}
    ((_, _, fields),) = metrics.calls
    position = str(committed.change.position)
    expected = {"message": "committed", "position": position, "requestId": "BFHPhfCWIAMCKlQ="}
    assert fields == expected


def test_a_commit_whose_answer_was_lost_is_counted_once(
    store: DynamoIncidents, metrics: FakeMetrics, wire: FaultyWire
) -> None:
    wire.next(WRITE, answer_lost)

    store.commit(creation())

    assert metrics.sums["commits"] == 1


def test_a_repeated_report_is_not_counted_again(
    store: DynamoIncidents, metrics: FakeMetrics
) -> None:
    for _ in range(2):
        store.commit(creation(key="k"))

    assert metrics.sums["commits"] == 1


def test_conflicts_are_counted_also_where_the_commit_is_given_up(
    store: DynamoIncidents, metrics: FakeMetrics, wire: FaultyWire
) -> None:
    wire.always(WRITE, CONFLICT)

    with pytest.raises(Unavailable):
        replace(store, retry=Retry(base_s=0.001, give_up_after_s=0.05)).commit(creation())

    assert metrics.sums["conflicts"] == wire.sent.count(WRITE)
    assert metrics.sums["commits"] == 0


def test_the_feed_keeps_the_request_of_a_change(store: DynamoIncidents) -> None:
    store.commit(replace(creation(), request_id="BFHPhfCWIAMCKlQ="))

    (change,) = store.changes(after_seq=0, limit=1)
    assert change.request_id == "BFHPhfCWIAMCKlQ="
