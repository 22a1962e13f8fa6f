"""The ``FailedBatches`` in an SQS dead-letter queue.

Lambda writes a message for each batch of a stream that its consumer gave up on; the queue of
shards moves its failed messages there.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.domain.delivery import Consumer
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.ports.failed_batches import FailedBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

HIDDEN_S = 900
WAIT_S = 1
_BATCH_MAX = 10
_UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# serverless.yml names its functions ``service-stage-function``.
_CHANNELS: Mapping[str, Consumer] = {
    "broadcast": "broadcast",
    "alarm": "email",
    "webhooks": "webhooks",
}


@dataclass(frozen=True)
class SqsFailedBatches:
    """``FailedBatches`` in one queue.

    Needs ``ReceiveMessage``, ``DeleteMessage`` and ``ChangeMessageVisibility``.
    """

    client: "SQSClient"
    url: str

    def take(self) -> Sequence[FailedBatch]:
        with translated("ReceiveMessage"):
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_BATCH_MAX,
                VisibilityTimeout=HIDDEN_S,
                WaitTimeSeconds=WAIT_S,
            )
        return [
            _batch(message["ReceiptHandle"], message["Body"])
            for message in answer.get("Messages", ())
        ]

    def remove(self, batch: FailedBatch) -> None:
        with translated("DeleteMessage"):
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=batch.handle)

    def put_back(self, batch: FailedBatch) -> None:
        with translated("ChangeMessageVisibility"):
            self.client.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=batch.handle, VisibilityTimeout=0
            )


def _batch(handle: str, body: str) -> FailedBatch:
    # Lambda developer guide, "Retain discarded records for a DynamoDB event source".
    try:
        record: dict[str, Any] = json.loads(body)
        if "position" in record:
            shard = shard_of(body)
            return FailedBatch(handle, "broadcast", shard.begun_at, shard.begun_at, 1, shard)
        pointer = record["DDBStreamBatchInfo"]
        return FailedBatch(
            handle,
            _channel(record["requestContext"]["functionArn"]),
            _moment(pointer["approximateArrivalOfFirstRecord"]),
            _moment(pointer["approximateArrivalOfLastRecord"]),
            int(pointer["batchSize"]),
        )
    except (KeyError, TypeError, ValueError, InvalidRequest):
        log.warning("unreadable_message")
        return FailedBatch(handle, None, _UNKNOWN_TIME, _UNKNOWN_TIME, 0)


def _channel(function_arn: str) -> Consumer | None:
    # arn:aws:lambda:region:account:function:name, with or without :version.
    name = function_arn.split(":")[6]
    return _CHANNELS.get(name.rpartition("-")[2])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
