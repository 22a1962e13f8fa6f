"""The ``ShardQueue`` on SQS, and the messages of shards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.sqs.batches import send_all
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.position import Position
from alerta_utec.domain.shard import Remainder, Shard
from alerta_utec.domain.values import format_time, parse_time

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SqsShardQueue:
    """A ``ShardQueue`` that retries for five seconds. Needs ``SendMessage``."""

    client: "SQSClient"
    url: str
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=5.0))

    def put(self, shards: Sequence[Shard], *, delay_s: int = 0) -> None:
        send_all(self.client, self.url, [*map(shard_message, shards)], self.retry, delay_s=delay_s)


def shard_message(shard: Shard) -> str:
    """Return the shard as a message's body, without its changes, which the consumer reads."""
    document = {
        "positions": [str(position) for position in shard.positions],
        "run": shard.run,
        "number": shard.number,
        "of": shard.of,
        "begunAt": format_time(shard.begun_at),
        "part": shard.part,
        "remainder": [[one.indexes, one.connection_ids] for one in shard.remainder],
        "heartbeat": shard.heartbeat,
    }
    return json.dumps(document, separators=(",", ":"))


def shard_of(body: str) -> Shard:
    """Read a shard that ``shard_message`` wrote.

    Raises:
        KeyError, TypeError, ValueError, InvalidRequest: the body is not such a message.
    """
    document = json.loads(body)
    if "position" in document:
        document = _from_version_0_1(document)
    return Shard(
        positions=tuple(map(Position.parse, document["positions"])),
        run=document["run"],
        number=int(document["number"]),
        of=int(document["of"]),
        begun_at=parse_time(document["begunAt"]),
        part=int(document["part"]),
        remainder=tuple(
            Remainder(tuple(map(int, indexes)), tuple(ids))
            for indexes, ids in document["remainder"]
        ),
        heartbeat=document["heartbeat"],
    )


def _from_version_0_1(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shard of one change that names its connections, in any shard of the table."""
    ids = [*document["private"], *document["public"]]
    return {
        "positions": [document["position"]],
        "run": document["run"],
        "number": 1,
        "of": 1,
        "begunAt": document["begunAt"],
        "part": document["number"],
        "remainder": [[[0], ids]],
        "heartbeat": False,
    }
