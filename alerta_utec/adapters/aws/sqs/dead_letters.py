"""The ``FailedBatches`` in an SQS dead-letter queue.

Lambda writes a message for each batch of a stream that its consumer gave up on; the queues of
shards and of the relay move their failed messages there.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.aws.sqs.relay import relayed_position
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.domain.delivery import RELAYED, Consumer
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.ports.failed_batches import FailedBatch, StreamBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

HIDDEN_S = 900
WAIT_S = 1
_BATCH_MAX = 10
# By the function that gave up; serverless.yml names its functions ``service-stage-function``. Up
# to 0.1, ``alarm`` and ``webhooks`` read the stream too, and their messages last for 14 days.
_CHANNELS: Mapping[str, tuple[Consumer, ...]] = {
    "broadcast": ("broadcast",),
    "relay": RELAYED,
    "alarm": ("email",),
    "webhooks": ("webhooks",),
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
    try:
        record: dict[str, Any] = json.loads(body)
        if "for" in record:
            return FailedBatch(handle, (_consumer(record["for"]),), relayed_position(body))
        if "begunAt" in record:
            return FailedBatch(handle, ("broadcast",), shard_of(body))
        channels = _channels(record["requestContext"]["functionArn"])
        return FailedBatch(handle, channels, _stream_batch(record["DDBStreamBatchInfo"]))
    except (KeyError, TypeError, ValueError, InvalidRequest):
        log.warning("unreadable_message")
        return FailedBatch(handle, (), None)


def _stream_batch(pointer: Mapping[str, Any]) -> StreamBatch:
    # Lambda developer guide, "Retain discarded records for a DynamoDB event source".
    return StreamBatch(
        _moment(pointer["approximateArrivalOfFirstRecord"]),
        _moment(pointer["approximateArrivalOfLastRecord"]),
        int(pointer["batchSize"]),
    )


def _channels(function_arn: str) -> tuple[Consumer, ...]:
    # arn:aws:lambda:region:account:function:name, with or without :version.
    name = function_arn.split(":")[6]
    return _CHANNELS[name.rpartition("-")[2]]


def _consumer(name: str) -> Consumer:
    return {str(one): one for one in RELAYED}[name]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
