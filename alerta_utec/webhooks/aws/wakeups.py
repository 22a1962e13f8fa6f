"""The wake-ups on SQS: messages that name a job to look at once it is due."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.sqs.batches import send_all
from alerta_utec.adapters.retry import Retry
from alerta_utec.webhooks.job import JobKey

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SqsWakeUps:
    """``WakeUps`` as SQS messages; needs ``SendMessage``.

    Messages of a batch that SQS refuses are sent again for five seconds.
    """

    client: "SQSClient"
    url: str
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=5.0))

    def send_wakeups(self, keys: Sequence[JobKey]) -> None:
        send_all(self.client, self.url, [*map(_message, keys)], self.retry)


def parse_wakeup(body: str) -> JobKey:
    """Return the key of the job that a message names.

    Raises:
        KeyError, TypeError, ValueError: the message is malformed.
    """
    document = json.loads(body)
    return JobKey(str(document["webhookId"]), int(document["seq"]))


def _message(key: JobKey) -> str:
    return json.dumps({"webhookId": key.webhook_id, "seq": key.seq}, separators=(",", ":"))
