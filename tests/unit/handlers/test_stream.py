"""``StreamConsumer``: which records of a batch are retried."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.items import change_from_image, change_item
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.stream import RESERVE_S, RecordsOrSchedule, StreamConsumer
from tests.contract.builders import creation

BATCH = 5


@dataclass
class Time:
    """A clock that tests move."""

    now_s: float = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@dataclass
class Consumer:
    """A consumer that records its changes; fails at ``bad``, and takes ``seconds`` for each."""

    time: Time
    bad: int | None = None
    seconds: float = 0.0
    seqs: list[int] = field(default_factory=list)
    deadlines_s: list[float | None] = field(default_factory=list)

    def __call__(self, change: Change, deadline_s: float | None) -> None:
        self.time.now_s += self.seconds
        if change.after.seq == self.bad:
            raise Unavailable("not now")
        self.seqs.append(change.after.seq)
        self.deadlines_s.append(deadline_s)


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


def failed(seq: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"s{seq}"}]}


@pytest.fixture
def consuming() -> Callable[..., tuple[StreamConsumer, Consumer]]:
    def make(**settings: Any) -> tuple[StreamConsumer, Consumer]:
        time = Time()
        consumer = Consumer(time, **settings)
        return StreamConsumer(change_from_image, consumer, time.monotonic), consumer

    return make


def test_every_change_of_a_batch_is_consumed_in_order(consuming: Any) -> None:
    handler, consumer = consuming()

    assert handler.handle(batch()) == {"batchItemFailures": []}
    assert consumer.seqs == [1, 2, 3, 4, 5]
    assert consumer.deadlines_s == [None] * BATCH


def test_a_batch_fails_if_its_first_record_fails(consuming: Any) -> None:
    handler, consumer = consuming(bad=1)

    with pytest.raises(Unavailable):
        handler.handle(batch())

    assert consumer.seqs == []


@pytest.mark.parametrize("bad", [2, 3, 5])
def test_the_first_failed_record_and_all_after_it_are_retried(consuming: Any, bad: int) -> None:
    handler, consumer = consuming(bad=bad)

    assert handler.handle(batch()) == failed(bad)
    assert consumer.seqs == list(range(1, bad))


def test_a_malformed_record_is_retried(consuming: Any) -> None:
    handler, consumer = consuming()
    event = batch()
    del event["Records"][1]["dynamodb"]["NewImage"]["after"]

    assert handler.handle(event) == failed(2)
    assert consumer.seqs == [1]


def test_the_deadline_leaves_time_to_finish_a_record(consuming: Any) -> None:
    handler, consumer = consuming()

    handler.handle(batch(), Context(left_s=120))

    assert consumer.deadlines_s == [1000.0 + 120 - RESERVE_S] * BATCH


def test_records_after_the_deadline_are_retried(consuming: Any) -> None:
    handler, consumer = consuming(seconds=30)

    assert handler.handle(batch(), Context(left_s=60 + RESERVE_S)) == failed(3)
    assert consumer.seqs == [1, 2]


def test_the_first_record_is_consumed_also_after_the_deadline(consuming: Any) -> None:
    handler, consumer = consuming()

    assert handler.handle(batch(), Context(left_s=0.5)) == failed(2)
    assert consumer.seqs == [1]


def test_a_run_of_the_schedule_is_distinguished_from_a_batch(consuming: Any) -> None:
    stream, consumer = consuming()
    calls: list[None] = []
    handler = RecordsOrSchedule(stream, lambda: calls.append(None))

    answers = [handler.handle(batch()), handler.handle({"source": "aws.events"})]

    assert answers == [{"batchItemFailures": []}, None]
    assert consumer.seqs == list(range(1, BATCH + 1))
    assert len(calls) == 1
