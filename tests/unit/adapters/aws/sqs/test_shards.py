"""Shards through an SQS queue of the emulator, and dead letters."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.sqs.dead_letters import SqsFailedBatches
from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue, shard_message
from alerta_utec.adapters.retry import Retry
from alerta_utec.app.send_shard import REMAINDER_MAX
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Internal, Unavailable
from alerta_utec.domain.shard import Remainder, Shard
from tests.contract.aws import addressed
from tests.contract.builders import T0
from tests.contract.test_shard_queue import shard
from tests.support.emulator import Emulator
from tests.support.incidents import unique


@pytest.fixture
def sqs(emulator: Emulator) -> Iterator[Any]:
    """Yield a client that tries once."""
    client = boto3.client(
        "sqs", config=Config(retries={"total_max_attempts": 1}), **addressed(emulator)
    )
    yield client
    client.close()


@pytest.fixture
def url(sqs: Any) -> Iterator[str]:
    """Return the URL of an empty queue."""
    made = sqs.create_queue(QueueName=unique("shards"))["QueueUrl"]
    yield made
    sqs.delete_queue(QueueUrl=made)


def test_ten_shards_of_the_longest_ids_fit_into_a_request() -> None:
    ids = tuple("i" * 64 for _ in range(250))

    remainder = (Remainder((0,), ids),)

    size = len(shard_message(Shard((Position("e", 1),), "r", 1, 1, T0, 1, remainder)))

    assert 10 * size < 256 * 1024


def test_the_largest_remainder_fits_into_a_message() -> None:
    # Ids as API Gateway assigns them, and more ways to miss changes than there can be.
    groups = [
        Remainder(tuple(range(25)), tuple(f"{number:015}=" for number in range(10)))
        for _ in range(REMAINDER_MAX // 10)
    ]
    positions = tuple(Position("e" * 32, 10**17 + number) for number in range(25))

    size = len(shard_message(Shard(positions, "r" * 36, 1, 1, T0, 1, tuple(groups))))

    assert size < 256 * 1024


def test_only_the_refused_messages_of_a_request_are_sent_again(sqs: Any, url: str) -> None:
    sent: list[list[str]] = []

    def refuse_some(params: dict[str, Any], **_: Any) -> None:
        sent.append([entry["Id"] for entry in params["Entries"]])

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        if len(sent) == 1:
            parsed["Failed"] = [{"Id": "1", "Code": "InternalError", "SenderFault": False}]

    sqs.meta.events.register("provide-client-params.sqs.SendMessageBatch", refuse_some)
    sqs.meta.events.register("after-call.sqs.SendMessageBatch", answered)

    SqsShardQueue(sqs, url, Retry(base_s=0.001)).put([shard(n) for n in range(1, 4)])

    assert sent == [["0", "1", "2"], ["1"]]


def test_messages_that_stay_refused_are_unavailable(sqs: Any, url: str) -> None:
    def answered(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Failed"] = [{"Id": "0", "Code": "InternalError", "SenderFault": False}]

    sqs.meta.events.register("after-call.sqs.SendMessageBatch", answered)
    queue = SqsShardQueue(sqs, url, Retry(base_s=0.001, give_up_after_s=0.05))

    with pytest.raises(Unavailable, match="InternalError"):
        queue.put([shard(1)])


def test_a_missing_queue_is_internal(sqs: Any, url: str) -> None:
    with pytest.raises(Internal):
        SqsShardQueue(sqs, f"{url}-none").put([shard(1)])


def test_a_dead_letter_with_a_shard_is_read_as_one(sqs: Any, url: str) -> None:
    SqsShardQueue(sqs, url).put([shard(3)])

    (batch,) = SqsFailedBatches(sqs, url).take()

    assert (batch.channels, batch.content) == (("broadcast",), shard(3))


def test_a_message_that_resembles_a_shard_has_no_channel(sqs: Any, url: str) -> None:
    for body in ('{"begunAt": "x"}', '{"begunAt": "2025-11-16T18:12:00Z"}', "[]", "7"):
        sqs.send_message(QueueUrl=url, MessageBody=body)

    batches = SqsFailedBatches(sqs, url).take()

    assert [(batch.channels, batch.content) for batch in batches] == [((), None)] * 4
