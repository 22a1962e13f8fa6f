"""The jobs as DynamoDB items: their attributes, keys and queues.

The attribute names and the words in them are stored, so they stay as they were first chosen:
``pile`` is a queue, ``#owed`` marks pending jobs, ``ringAtUs`` is when a wake-up is overdue.
``scheduledAtUs`` is when ``nextTryAtUs`` was set.
"""

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
from alerta_utec.webhooks.job import FINISHED_TTL_S, DeadLetter, JobKey, WebhookJob

# A job that is still pending this long after its wake-up was due gets another one.
OVERDUE_AFTER = timedelta(minutes=3)


def pending_item(webhook_id: str, change: Change, at: datetime) -> Item:
    """Return the item of a job that is due ``at`` once; it refers to its change.

    Raises:
        ValueError: the change is not committed.
    """
    if change.position is None:
        raise ValueError("only committed changes are enqueued")
    return item_key(JobKey(webhook_id, change.position.seq)) | {
        "epoch": text(change.position.epoch),
        "pile": text(pending_queue(webhook_id)),
        "attempts": number(0),
        "createdAtUs": us(at),
        "nextTryAtUs": us(at),
        "scheduledAtUs": us(at),
        "ringAtUs": us(at + OVERDUE_AFTER),
        "expiresAt": expires_after(at),
    }


def job_from(item: Mapping[str, Any], change: Change) -> WebhookJob:
    """Read a pending job from its item and its change."""
    return WebhookJob(
        webhook_id=item["webhookId"]["S"],
        change=change,
        created_at=moment_of(item, "createdAtUs"),
        next_try_at=moment_of(item, "nextTryAtUs"),
        attempts=number_of(item, "attempts"),
    )


def dead_letter_from(item: Mapping[str, Any], change: Change) -> DeadLetter:
    """Read a dead letter from its item and its change."""
    return DeadLetter(
        webhook_id=item["webhookId"]["S"],
        change=change,
        given_up_at=moment_of(item, "givenUpAtUs"),
        attempts=number_of(item, "attempts"),
        reason=item["reason"]["S"],
    )


def position_of(item: Mapping[str, Any]) -> Position:
    """Return the position of the item's change in the feed."""
    return Position(item["epoch"]["S"], number_of(item, "seq"))


def key_of(item: Mapping[str, Any]) -> JobKey:
    """Return the key of the item's job."""
    return JobKey(item["webhookId"]["S"], number_of(item, "seq"))


def item_key(key: JobKey) -> Item:
    """Return the key attributes of a job's item."""
    return {"webhookId": text(key.webhook_id), "seq": number(key.seq)}


def pending_queue(webhook_id: str) -> str:
    """Return the name of the queue of the webhook's pending jobs."""
    return f"{webhook_id}#owed"


def dead_letter_queue(webhook_id: str) -> str:
    """Return the name of the queue of the webhook's dead letters."""
    return f"{webhook_id}#given_up"


def us(moment: datetime) -> dict[str, str]:
    """Return the moment in microseconds, as an attribute value."""
    return number(epoch_us(moment))


def expires_after(moment: datetime) -> dict[str, str]:
    """Return the ``expiresAt`` of an item last used at ``moment``."""
    return number(ceil(moment.timestamp()) + FINISHED_TTL_S)
