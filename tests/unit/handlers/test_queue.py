"""``QueueConsumer``: which messages of a batch are retried; the messages are shards."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from alerta_utec.adapters.aws.sqs.shards import shard_message, shard_of
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.handlers.queue import QueueConsumer
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
    now_s: float = 1000.0
    sent: list[int] = field(default_factory=list)
    deadlines_s: set[float | None] = field(default_factory=set)

    def __call__(self, shard: Shard, deadline_s: float | None) -> None:
        self.now_s += self.seconds
        self.deadlines_s.add(deadline_s)
        if shard.number in self.bad:
            raise Unavailable("not now")
        self.sent.append(shard.number)

    def handler(self) -> QueueConsumer[Shard]:
        return QueueConsumer(shard_of, self, lambda: self.now_s)


def record(number: int) -> dict[str, Any]:
    shard = Shard(Position("e", 1), "r", number, BATCH, T0, (), ("a",))
    return {"messageId": f"m{number}", "body": shard_message(shard)}


def batch() -> dict[str, Any]:
    return {"Records": [record(number) for number in range(1, BATCH + 1)]}


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

    answer = sender.handler().handle({"Records": [{"messageId": "m0", "body": body}, record(1)]})

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
