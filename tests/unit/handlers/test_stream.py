"""``StreamConsumer``: the changes of a batch together, and which records are retried."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.headers import is_restored
from alerta_utec.adapters.aws.dynamodb.items import change_from_image, change_item
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.stream import RESERVE_S, RecordsOrSchedule, StreamConsumer, WithoutCopies
from tests.contract.builders import creation

BATCH = 5


@dataclass
class Time:
    """A clock that tests move."""

    now_s: float = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Context:
    """Lambda's, with so much time left."""

    left_s: float

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


def batch() -> dict[str, Any]:
    records = []
    for seq in range(1, BATCH + 1):
        position = Position("e", seq)
        image = change_item(creation().committed(position), position, feed="main", commit_id="c")
        records.append({"dynamodb": {"NewImage": image, "SequenceNumber": f"s{seq}"}})
    return {"Records": records}


@dataclass
class Consumer:
    """A consumer that records what it gets, and fails where ``fails``."""

    fails: bool = False
    calls: list[tuple[list[int], float | None]] = field(default_factory=list)

    def __call__(self, changes: Sequence[Change], deadline_s: float | None) -> None:
        if self.fails:
            raise Unavailable("not now")
        self.calls.append(([change.after.seq for change in changes], deadline_s))


def handle(consumer: Consumer, event: dict[str, Any], context: Context | None = None) -> Any:
    time = Time()
    return StreamConsumer(change_from_image, consumer, time.monotonic).handle(event, context)


def torn(number: int) -> dict[str, Any]:
    """Return a batch of which one record is unreadable."""
    event = batch()
    del event["Records"][number]["dynamodb"]["NewImage"]["after"]
    return event


def test_the_changes_of_a_batch_are_consumed_together_in_their_order() -> None:
    consumer = Consumer()

    answer = handle(consumer, batch())

    assert answer == {"batchItemFailures": []}
    assert consumer.calls == [(list(range(1, BATCH + 1)), None)]


def test_the_consumer_gets_the_deadline() -> None:
    consumer = Consumer()

    handle(consumer, batch(), Context(RESERVE_S + 7))

    ((_, deadline_s),) = consumer.calls
    assert deadline_s == Time().now_s + 7


@pytest.mark.parametrize("number", [1, BATCH - 1])
def test_from_an_unreadable_record_on_the_batch_is_retried(number: int) -> None:
    consumer, event = Consumer(), torn(number)

    answer = handle(consumer, event)

    first = event["Records"][number]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert consumer.calls == [(list(range(1, number + 1)), None)]


def test_a_batch_whose_first_record_is_unreadable_fails() -> None:
    consumer = Consumer()

    with pytest.raises(KeyError):
        handle(consumer, torn(0))

    assert consumer.calls == []


def test_a_batch_that_cannot_be_consumed_fails() -> None:
    with pytest.raises(Unavailable):
        handle(Consumer(fails=True), batch())


def test_a_run_of_the_schedule_is_distinguished_from_a_batch() -> None:
    consumer = Consumer()
    runs: list[None] = []
    stream = StreamConsumer(change_from_image, consumer)
    handler = RecordsOrSchedule(stream, lambda: runs.append(None))

    answers = [handler.handle(batch()), handler.handle({"source": "aws.events"})]

    assert answers == [{"batchItemFailures": []}, None]
    assert len(consumer.calls) == len(runs) == 1


@pytest.mark.parametrize(
    ("copied", "consumed"), [((1, 2, 3), [[1, BATCH]]), (range(BATCH), [])], ids=["some", "all"]
)
def test_changes_that_a_restore_has_copied_are_skipped_and_the_others_consumed(
    copied: Sequence[int], consumed: list[list[int]]
) -> None:
    consumer, event = Consumer(), batch()
    for number in copied:
        event["Records"][number]["dynamodb"]["NewImage"]["restored"] = {"BOOL": True}

    response = WithoutCopies(is_restored, StreamConsumer(change_from_image, consumer)).handle(event)

    assert response == {"batchItemFailures": []}
    assert [seqs for seqs, _ in consumer.calls] == consumed
