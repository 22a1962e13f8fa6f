"""The ``RelayQueue`` on SQS (FIFO), and its messages."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.sqs.batches import send_entries
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.position import ChangeHeader, Position

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from alerta_utec.domain.delivery import Consumer


@dataclass(frozen=True)
class SqsRelayQueue:
    """A ``RelayQueue`` that retries for five seconds. Needs ``SendMessage``.

    The messages of one ``group`` are received in the order in which they were queued, and none
    while an earlier one is being handled or waits for a retry. SQS drops a position that it was
    sent in the last five minutes. A message that SQS refuses while it takes the rest of the
    request is queued behind those.
    """

    client: "SQSClient"
    url: str
    consumer: "Consumer"
    wants: Callable[[ChangeHeader], bool]
    group: Callable[[ChangeHeader], str]
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=5.0))

    def put(self, headers: Sequence[ChangeHeader]) -> None:
        entries = [
            {
                "MessageBody": relay_message(self.consumer, header.position),
                "MessageGroupId": self.group(header),
                "MessageDeduplicationId": str(header.position),
            }
            for header in headers
            if self.wants(header)
        ]
        send_entries(self.client, self.url, entries, self.retry)


def relay_message(consumer: "Consumer", position: Position) -> str:
    """Return a message's body: which change, and for which consumer (for the dead letters)."""
    return json.dumps({"for": consumer, "position": str(position)}, separators=(",", ":"))


def relayed_position(body: str) -> Position:
    """Return the position in a message that ``relay_message`` wrote.

    Raises:
        KeyError, TypeError, ValueError, InvalidRequest: the body is not such a message.
    """
    return Position.parse(json.loads(body)["position"])
