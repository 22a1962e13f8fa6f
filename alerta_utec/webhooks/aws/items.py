"""What is owed to webhooks, as DynamoDB items."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    moment_of,
    number,
    number_of,
    text,
)
from alerta_utec.domain.change import Change, Position
from alerta_utec.webhooks.aws.queue import Bell
from alerta_utec.webhooks.ports import FINISHED_TTL_S, DeadLetter, WebhookJob

# A job that is still owed so long after its bell was to be heard is rung for once more.
OVERDUE_AFTER = timedelta(minutes=3)


def owed_item(webhook_id: str, change: Change, at: datetime) -> Item:
    """A job that is due ``at`` once; it points to its change.

    Raises:
        ValueError: the change is not committed.
    """
    if change.position is None:
        raise ValueError("only what is committed is owed")
    return key(Bell(webhook_id, change.position.seq)) | {
        "epoch": text(change.position.epoch),
        "pile": text(owed_to(webhook_id)),
        "attempts": number(0),
        "createdAtUs": us(at),
        "nextTryAtUs": us(at),
        "ringAtUs": us(at + OVERDUE_AFTER),
        "expiresAt": kept_from(at),
    }


def job_of(item: Mapping[str, Any], change: Change) -> WebhookJob:
    """The job that is owed by the item, whose change this is."""
    return WebhookJob(
        webhook_id=item["webhookId"]["S"],
        change=change,
        created_at=moment_of(item, "createdAtUs"),
        next_try_at=moment_of(item, "nextTryAtUs"),
        attempts=number_of(item, "attempts"),
    )


def letter_of(item: Mapping[str, Any], change: Change) -> DeadLetter:
    """The dead letter in the item, whose change this is."""
    return DeadLetter(
        webhook_id=item["webhookId"]["S"],
        change=change,
        given_up_at=moment_of(item, "givenUpAtUs"),
        attempts=number_of(item, "attempts"),
        reason=item["reason"]["S"],
    )


def position_of(item: Mapping[str, Any]) -> Position:
    """Where the item's change is."""
    return Position(item["epoch"]["S"], number_of(item, "seq"))


def bell_of(item: Mapping[str, Any]) -> Bell:
    """The bell that is rung for the item."""
    return Bell(item["webhookId"]["S"], number_of(item, "seq"))


def bell_for(job: WebhookJob) -> Bell:
    """The bell that is rung for the job."""
    return Bell(job.webhook_id, job.change.after.seq)


def key(bell: Bell) -> Item:
    """The key of the item that the bell is for."""
    return {"webhookId": text(bell.webhook_id), "seq": number(bell.seq)}


def owed_to(webhook_id: str) -> str:
    """The pile of what is owed to the webhook."""
    return f"{webhook_id}#owed"


def given_up_by(webhook_id: str) -> str:
    """The pile of the webhook's dead letters."""
    return f"{webhook_id}#given_up"


def us(moment: datetime) -> dict[str, str]:
    """The moment as an attribute value."""
    return number(epoch_us(moment))


def kept_from(moment: datetime) -> dict[str, str]:
    """``expiresAt`` of what was last of use at ``moment``."""
    return number(ceil(moment.timestamp()) + FINISHED_TTL_S)
