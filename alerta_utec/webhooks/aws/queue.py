"""Bells: messages that say which job of a webhook to look at, once it is due."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from alerta_utec.adapters.aws.backoff import Backoff
from alerta_utec.adapters.aws.sqs.batches import send_all

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS delays a message by no more ("DelaySeconds").
DELAY_MAX_S = 900


class Bell(NamedTuple):
    """Which job to look at: what there is to do is in the table, or nothing any more."""

    webhook_id: str
    seq: int


class Bells(Protocol):
    """Whatever has bells heard."""

    def ring(self, bells: Sequence[Bell], *, after_s: int = 0) -> None:
        """Have each heard once or more, ``after_s`` from now (0 to ``DELAY_MAX_S``), in any order.

        Raises:
            Unavailable: some may not be heard; ring them all again.
        """
        ...


@dataclass(frozen=True)
class SqsBells:
    """Needs ``SendMessage``. A message that SQS refuses alone is sent again for five seconds."""

    client: "SQSClient"
    url: str
    backoff: Backoff = field(default_factory=lambda: Backoff(give_up_after_s=5.0))

    def ring(self, bells: Sequence[Bell], *, after_s: int = 0) -> None:
        send_all(self.client, self.url, [*map(_message, bells)], self.backoff, delay_s=after_s)


def bell_of(body: str) -> Bell:
    """The bell in a message's body.

    Raises:
        KeyError, TypeError, ValueError: there is none.
    """
    document = json.loads(body)
    return Bell(str(document["webhookId"]), int(document["seq"]))


def _message(bell: Bell) -> str:
    return json.dumps({"webhookId": bell.webhook_id, "seq": bell.seq}, separators=(",", ":"))
