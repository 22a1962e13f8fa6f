"""The ``ShardQueue`` on SQS, and the messages of shards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.sqs.batches import send_all
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Position
from alerta_utec.domain.shard import Shard
from alerta_utec.domain.values import format_time, parse_time

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SqsShardQueue:
    """A ``ShardQueue`` that retries for five seconds. Needs ``SendMessage``."""

    client: "SQSClient"
    url: str
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=5.0))

    def put(self, shards: Sequence[Shard]) -> None:
        # 250 ids take 6 KB.
        send_all(self.client, self.url, [*map(shard_message, shards)], self.retry)


def shard_message(shard: Shard) -> str:
    """Return the shard as a message's body, without its change, which the consumer reads."""
    document = {
        "position": str(shard.position),
        "run": shard.run,
        "number": shard.number,
        "of": shard.of,
        "begunAt": format_time(shard.begun_at),
        "private": shard.private,
        "public": shard.public,
        "opening": shard.opening,
        "heartbeat": shard.heartbeat,
    }
    return json.dumps(document, separators=(",", ":"))


def shard_of(body: str) -> Shard:
    """Read a shard that ``shard_message`` wrote.

    Raises:
        KeyError, TypeError, ValueError, InvalidRequest: the body is not such a message.
    """
    document = json.loads(body)
    return Shard(
        position=Position.parse(document["position"]),
        run=document["run"],
        number=int(document["number"]),
        of=int(document["of"]),
        begun_at=parse_time(document["begunAt"]),
        private=tuple(document["private"]),
        public=tuple(document["public"]),
        opening=tuple(document["opening"]),
        heartbeat=document.get("heartbeat", False),  # absent in messages of version 0.1
    )
