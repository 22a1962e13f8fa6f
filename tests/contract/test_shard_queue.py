"""``ShardQueue``: each shard comes out, in any order, or ``put`` fails."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue, shard_of
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Position
from alerta_utec.domain.delivery import AGAIN
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Remainder, Shard
from alerta_utec.ports.broadcast import ShardQueue
from tests.contract.aws import addressed
from tests.contract.builders import T0
from tests.fakes.shard_queue import FakeShardQueue
from tests.support.emulator import Emulator, free_port
from tests.support.incidents import unique

ONCE = Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class Sharding:
    """A ``ShardQueue``, the shards that came out of it by number, and a queue out of reach."""

    queue: ShardQueue
    received: Callable[[], list[Shard]]
    unreachable: ShardQueue


@pytest.fixture
def fake_sharding() -> Sharding:
    queue, unreachable = FakeShardQueue(), FakeShardQueue()
    unreachable.down = True
    return Sharding(queue, lambda: queue.waiting, unreachable)


@pytest.fixture
def sqs_sharding(emulator: Emulator) -> Iterator[Sharding]:
    at = addressed(emulator)
    with (
        closing(boto3.client("sqs", config=ONCE, **at)) as sqs,
        closing(
            boto3.client(
                "sqs",
                config=ONCE,
                **at | {"endpoint_url": f"http://127.0.0.1:{free_port()}"},
            )
        ) as nowhere,
    ):
        url = sqs.create_queue(QueueName=unique("shards"))["QueueUrl"]

        def received() -> list[Shard]:
            found: list[Shard] = []
            while answer := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages"
            ):
                found += [shard_of(message["Body"]) for message in answer]
            return sorted(found, key=lambda one: one.number)

        yield Sharding(
            SqsShardQueue(sqs, url),
            received,
            SqsShardQueue(nowhere, url, Retry(base_s=0.001, give_up_after_s=0.05)),
        )
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture(params=["fake", "sqs"])
def sharding(request: pytest.FixtureRequest) -> Sharding:
    own: Sharding = request.getfixturevalue(f"{request.param}_sharding")
    return own


def shard(number: int, of: int = 1, ids: int = 250) -> Shard:
    """Return a shard with connection ids of the length that API Gateway assigns."""
    names = tuple(f"{number:04}{name:011}=" for name in range(ids))
    return Shard(
        positions=tuple(Position("0a1b2c3d4e5f", seq) for seq in range(7, 7 + 25)),
        run="r",
        number=number,
        of=of,
        begun_at=T0 + timedelta(microseconds=123_456),
        part=number + AGAIN,
        remainder=(Remainder((0, 1, 24), names[:3]), Remainder((24,), names[3:])),
        heartbeat=number % 2 == 0,
    )


@pytest.mark.parametrize("count", [1, 10, 11, 41])
def test_every_shard_that_is_put_comes_out_as_it_was(sharding: Sharding, count: int) -> None:
    shards = [shard(number, count) for number in range(1, count + 1)]

    sharding.queue.put(shards)

    assert sharding.received() == shards


def test_a_shard_of_version_0_1_names_its_connections_wherever_they_are_stored() -> None:
    body = (
        '{"position":"0a1b2c3d4e5f:7","run":"r","number":3,"of":4,"begunAt":"2025-11-16T18:12:00Z",'
        '"private":["a"],"public":["b","c"],"opening":["b"]}'
    )

    assert shard_of(body) == Shard(
        positions=(Position("0a1b2c3d4e5f", 7),),
        run="r",
        number=1,
        of=1,
        begun_at=datetime(2025, 11, 16, 18, 12, tzinfo=UTC),
        part=3,
        remainder=(Remainder((0,), ("a", "b", "c")),),
    )


def test_a_second_put_adds_to_the_first(sharding: Sharding) -> None:
    sharding.queue.put([shard(1, 2)])
    sharding.queue.put([shard(2, 2)])

    assert sharding.received() == [shard(1, 2), shard(2, 2)]


def test_a_queue_that_cannot_be_reached_is_unavailable(sharding: Sharding) -> None:
    with pytest.raises(Unavailable):
        sharding.unreachable.put([shard(1)])
