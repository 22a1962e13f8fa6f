"""The ``Redelivery`` on SQS: when a received message is received again."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.aws.sqs.batches import batches
from alerta_utec.domain.errors import AlertaError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SqsVisibility:
    """``Redelivery`` by the visibility timeout of each message; needs ``ChangeMessageVisibility``.

    A message whose own timeout cannot be set is received again after that of its queue.
    """

    client: "SQSClient"
    url: str

    def postpone(self, delays_s: Mapping[str, int]) -> None:
        for batch in batches(delays_s.items()):
            entries: list[Any] = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": delay_s}
                for number, (receipt, delay_s) in enumerate(batch)
            ]
            try:
                self._change(entries)
            except AlertaError:
                log.exception("not_postponed")

    def _change(self, entries: list[Any]) -> None:
        with translated("ChangeMessageVisibilityBatch"):
            answer = self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        if failed := answer.get("Failed"):
            log.warning("not_postponed", extra={"codes": sorted({one["Code"] for one in failed})})
