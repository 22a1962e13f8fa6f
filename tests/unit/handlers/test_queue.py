"""``QueueConsumer``: which messages of a batch are retried, and when; the messages are shards."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from alerta_utec.adapters.aws.sqs.shards import shard_message, shard_of
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.handlers.queue import LONGEST_DELAY_S, QueueConsumer, Redelivery
from alerta_utec.handlers.stream import RESERVE_S
from tests.contract.builders import T0

BATCH = 4


@dataclass(frozen=True)
class Context:
    """Lambda's, with so much time left."""

    left_s: float

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


@dataclass
class Sender:
    """A consumer that records its shards; fails at ``bad``, and takes ``seconds`` for each."""

    bad: tuple[int, ...] = ()
    seconds: float = 0.0
    # After how many seconds a shard is to come again.
    again_s: Mapping[int, float] = field(default_factory=dict)
    now_s: float = 1000.0
    sent: list[int] = field(default_factory=list)
    deadlines_s: set[float | None] = field(default_factory=set)

    def __call__(self, shard: Shard, deadline_s: float | None) -> float | None:
        self.now_s += self.seconds
        self.deadlines_s.add(deadline_s)
        if shard.number in self.bad:
            raise Unavailable("not now")
        self.sent.append(shard.number)
        return self.again_s.get(shard.number)

    def handler(self, redelivery: Redelivery | None = None) -> QueueConsumer[Shard]:
        return QueueConsumer(shard_of, self, redelivery, monotonic=lambda: self.now_s)


@dataclass
class Delays:
    """A ``Redelivery`` that keeps the delays."""

    delays_s: dict[str, int] = field(default_factory=dict)

    def postpone(self, delays_s: Mapping[str, int]) -> None:
        self.delays_s.update(delays_s)


def record(number: int, *, received: int = 1) -> dict[str, Any]:
    shard = Shard((Position("e", 1),), "r", number, BATCH, T0, number)
    return message(number, shard_message(shard), received)


def message(number: int, body: str, received: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def batch(*, received: int = 1) -> dict[str, Any]:
    return {"Records": [record(number, received=received) for number in range(1, BATCH + 1)]}


def failed(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"m{number}"} for number in numbers]}


def test_every_shard_is_sent() -> None:
    sender = Sender()

    answer = sender.handler().handle(batch())

    assert answer == failed()
    assert sender.sent == [1, 2, 3, 4]
    assert sender.deadlines_s == {None}


@pytest.mark.parametrize("bad", [(1,), (2, 4), (1, 2, 3, 4)])
def test_failed_messages_are_retried_and_delay_no_other(bad: tuple[int, ...]) -> None:
    sender = Sender(bad)

    answer = sender.handler().handle(batch())

    assert answer == failed(*bad)
    assert set(sender.sent) == {1, 2, 3, 4} - set(bad)


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", '{"position": 7}', '{"position": "x"}'])
def test_a_malformed_message_is_retried_until_the_dead_letter_queue(body: str) -> None:
    sender = Sender()

    answer = sender.handler().handle({"Records": [message(0, body), record(1)]})

    assert answer == failed(0)
    assert sender.sent == [1]


def test_messages_after_the_deadline_are_not_begun() -> None:
    sender = Sender(seconds=20)

    answer = sender.handler().handle(batch(), Context(RESERVE_S + 30))

    assert answer == failed(3, 4)
    assert sender.sent == [1, 2]
    assert sender.deadlines_s == {1030.0}


def test_the_first_message_is_consumed_also_after_the_deadline() -> None:
    sender = Sender()

    answer = sender.handler().handle(batch(), Context(1))

    assert answer == failed(2, 3, 4)
    assert sender.sent == [1]


def test_the_reserve_is_the_consumers_own() -> None:
    sender = Sender()
    handler = replace(sender.handler(), reserve_s=15.0)

    handler.handle(batch(), Context(45))

    assert sender.deadlines_s == {1030.0}


@pytest.mark.parametrize(
    ("received", "delay_s"),
    [(1, 1), (2, 2), (3, 4), (9, 256), (10, 512), (11, LONGEST_DELAY_S), (50, LONGEST_DELAY_S)],
)
def test_a_failed_message_is_received_again_later_each_time(received: int, delay_s: int) -> None:
    delays = Delays()

    Sender(bad=(2, 3)).handler(delays).handle(batch(received=received))

    assert delays.delays_s == {"r2": delay_s, "r3": delay_s}


def test_a_message_that_is_to_come_again_stays_in_the_queue_for_as_long() -> None:
    delays = Delays()
    sender = Sender(again_s={1: 0.0, 3: 6.2})

    answer = sender.handler(delays).handle(batch())

    assert answer == failed(1, 3)
    assert delays.delays_s == {"r1": 0, "r3": 7}


def test_messages_that_were_not_begun_are_received_again_at_once() -> None:
    delays = Delays()

    Sender(seconds=20).handler(delays).handle(batch(received=9), Context(RESERVE_S + 30))

    assert delays.delays_s == {"r3": 0, "r4": 0}


def test_nothing_is_postponed_without_a_failure() -> None:
    delays = Delays({"r0": 1})

    Sender().handler(delays).handle(batch())

    assert delays.delays_s == {"r0": 1}
