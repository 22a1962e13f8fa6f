"""Sending many messages to an SQS queue, ten in a request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SendMessageBatch: 10 messages, 256 KB together.
BATCH_MAX = 10


def send_all(
    client: "SQSClient", url: str, bodies: Sequence[str], retry: Retry, *, delay_s: int = 0
) -> None:
    """Send each body at least once, to be received ``delay_s`` (0 to 900) from now.

    ``retry`` is for messages that SQS refuses while it takes the rest of their request. Needs
    ``SendMessage``.

    Raises:
        Unavailable: some may not be sent; send them all again.
        Internal: as ``translated``.
    """
    for first in range(0, len(bodies), BATCH_MAX):
        _send(client, url, bodies[first : first + BATCH_MAX], retry, delay_s)


def _send(client: "SQSClient", url: str, bodies: Sequence[str], retry: Retry, delay_s: int) -> None:
    left = {str(number): body for number, body in enumerate(bodies)}
    refused = ""
    for _ in retry.attempts():
        with translated("SendMessageBatch"):
            answer = client.send_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": name, "MessageBody": body, "DelaySeconds": delay_s}
                    for name, body in left.items()
                ],
            )
        failed = answer.get("Failed", [])
        if not failed:
            return
        left = {one["Id"]: left[one["Id"]] for one in failed}
        refused = failed[0]["Code"]
    raise Unavailable(f"SendMessageBatch: {refused}")
