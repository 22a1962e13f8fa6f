"""Requests about many messages of an SQS queue, ten in each."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SendMessageBatch and ChangeMessageVisibilityBatch: 10 messages; 256 KB together.
BATCH_MAX = 10
One = TypeVar("One")


def send_all(
    client: "SQSClient", url: str, bodies: Sequence[str], retry: Retry, *, delay_s: int = 0
) -> None:
    """Send each body at least once, to be received ``delay_s`` (0 to 900) from now.

    As ``send_entries``.
    """
    entries = [{"MessageBody": body, "DelaySeconds": delay_s} for body in bodies]
    send_entries(client, url, entries, retry)


def send_entries(
    client: "SQSClient", url: str, entries: Iterable[Mapping[str, Any]], retry: Retry
) -> None:
    """Send each message, an entry of ``SendMessageBatch`` without its ``Id``, at least once.

    ``retry`` is for messages that SQS refuses while it takes the rest of their request. Needs
    ``SendMessage``.

    Raises:
        Unavailable: some may not be sent; send them all again.
        Internal: as ``translated``.
    """
    for batch in batches(entries):
        _send(client, url, batch, retry)


def batches(messages: Iterable[One]) -> Iterator[list[One]]:
    """Yield the messages of each request."""
    left = iter(messages)
    while batch := list(itertools.islice(left, BATCH_MAX)):
        yield batch


def _send(
    client: "SQSClient", url: str, entries: Sequence[Mapping[str, Any]], retry: Retry
) -> None:
    left: list[Any] = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
    refused = ""
    for _ in retry.attempts():
        with translated("SendMessageBatch"):
            answer = client.send_message_batch(QueueUrl=url, Entries=left)
        failed = {one["Id"]: one["Code"] for one in answer.get("Failed", [])}
        if not failed:
            return
        left = [entry for entry in left if entry["Id"] in failed]
        refused = failed[left[0]["Id"]]
    raise Unavailable(f"SendMessageBatch: {refused}")
