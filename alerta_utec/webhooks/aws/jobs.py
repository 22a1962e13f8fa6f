"""The ``WebhookJobs`` on DynamoDB, each with a bell that is rung for it when it is due."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, moment_of, number, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held, pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.change import Change
from alerta_utec.ports import ChangeFeed, Clock
from alerta_utec.webhooks.aws.items import (
    OVERDUE_AFTER,
    bell_for,
    bell_of,
    given_up_by,
    job_of,
    kept_from,
    key,
    letter_of,
    owed_item,
    owed_to,
    position_of,
    us,
)
from alerta_utec.webhooks.aws.queue import DELAY_MAX_S, Bell, Bells
from alerta_utec.webhooks.ports import DeadLetter, WebhookJob

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY_PILE = "byPile"


@dataclass(frozen=True)
class DynamoWebhookJobs:
    """One table: key ``webhookId``, ``seq`` (N); TTL attribute ``expiresAt``.

    The index ``byPile`` (``pile``, ``seq``) holds what is owed to each webhook, and what was given
    up, and nothing else. An item points to its change in ``feed``, by ``seq`` and ``epoch``: after
    a restore, the same ``seq`` may be another change.

    The item is the truth and its bell only says when to look: a job that must wait no longer
    than SQS delays a message is rung for when it is written, any other, and whatever has been
    missed, from ``ringAtUs`` on by ``remind``.

    Needs ``PutItem`` to owe; ``GetItem`` and ``UpdateItem`` to try; ``Query`` on the index to
    list, with ``UpdateItem`` for ``retry`` and ``remind``, and ``DeleteItem`` for ``forget``.
    """

    client: "DynamoDBClient"
    table: str
    feed: ChangeFeed
    bells: Bells
    clock: Clock

    def owe(self, change: Change, webhook_ids: Sequence[str], *, at: datetime) -> None:
        for webhook_id in webhook_ids:
            self._put(owed_item(webhook_id, change, at))
        # Also for those that were there: the bell may be what failed the first time.
        self.bells.ring([Bell(one, change.after.seq) for one in webhook_ids])

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.table, Key=key(Bell(webhook_id, seq)), ConsistentRead=True
            )
        item = answer.get("Item", {})
        return self._job(item) if item.get("pile") == text(owed_to(webhook_id)) else None

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        jobs = map(self._job, self._owed(webhook_id, "nextTryAtUs", now))
        return list(islice((job for job in jobs if job is not None), limit))

    def next_at(self, webhook_id: str) -> datetime | None:
        owed = self._pile(owed_to(webhook_id))
        return min((moment_of(item, "nextTryAtUs") for item in owed), default=None)

    def delivered(self, job: WebhookJob, *, at: datetime) -> None:
        self._update(
            bell_for(job),
            "SET deliveredAtUs = :at, expiresAt = :expires REMOVE pile, nextTryAtUs, ringAtUs",
            {":at": us(at), ":expires": kept_from(at)},
            "pile = :owed",
        )

    def postpone(self, job: WebhookJob, *, until: datetime, reason: str) -> None:
        wait_s = (until - self.clock.now()).total_seconds()
        soon = wait_s <= DELAY_MAX_S
        ring_at = until + OVERDUE_AFTER if soon else until
        done = self._tried(
            job,
            "SET nextTryAtUs = :until, ringAtUs = :ringAt, attempts = :after,"
            " reason = :reason, expiresAt = :expires",
            {
                ":until": us(until),
                ":ringAt": us(ring_at),
                ":after": number(job.attempts + 1),
                ":reason": text(reason),
                ":expires": kept_from(until),
            },
        )
        if done and soon:
            self.bells.ring([bell_for(job)], after_s=max(0, ceil(wait_s)))

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        self._tried(
            job,
            "SET pile = :failed, givenUpAtUs = :at, attempts = :after, reason = :reason,"
            " expiresAt = :expires REMOVE nextTryAtUs, ringAtUs",
            {
                ":failed": text(given_up_by(job.webhook_id)),
                ":at": us(at),
                ":after": number(attempts),
                ":reason": text(reason),
                ":expires": kept_from(at),
            },
        )

    def given_up(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        items = self._pile(given_up_by(webhook_id), ScanIndexForward=False)
        letters = map(self._letter, items)
        return list(islice((letter for letter in letters if letter is not None), limit))

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        waiting = map(bell_of, self._pile(owed_to(webhook_id)))
        rung = [bell for bell in waiting if self._hasten(bell, at)]
        letters = map(bell_of, self._pile(given_up_by(webhook_id)))
        rung += [bell for bell in letters if self._owe_again(bell, at)]
        self.bells.ring(rung)
        return len(rung)

    def forget(self, webhook_id: str) -> None:
        """Take away what is owed to the webhook, and its dead letters. May lag as ``due``.

        Raises:
            Unavailable: some may be left.
        """
        for pile in (owed_to(webhook_id), given_up_by(webhook_id)):
            for item in self._pile(pile):
                with translated("DeleteItem"):
                    self.client.delete_item(TableName=self.table, Key=key(bell_of(item)))

    def waiting(self, webhook_id: str, limit: int) -> Sequence[Bell]:
        """Jobs as ``due`` has them now, without their changes.

        Raises:
            Unavailable.
        """
        found = self._owed(webhook_id, "nextTryAtUs", self.clock.now())
        return [bell_of(item) for item in islice(found, limit)]

    def remind(self, webhook_id: str, limit: int) -> int:
        """Ring for jobs of the webhook for which nobody has come so far; how many.

        Raises:
            Unavailable: some may not have been rung for.
        """
        now = self.clock.now()
        items = list(islice(self._owed(webhook_id, "ringAtUs", now), limit))
        self.bells.ring([bell_of(item) for item in items])
        for item in items:
            self._update(
                bell_of(item),
                "SET ringAtUs = :later",
                {":later": us(now + OVERDUE_AFTER), ":seen": item["ringAtUs"]},
                "pile = :owed AND ringAtUs = :seen",
            )
        return len(items)

    def _put(self, item: Item) -> None:
        condition_held(
            self.client,
            "PutItem",
            lambda: self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(webhookId) OR epoch <> :epoch",
                ExpressionAttributeValues={":epoch": item["epoch"]},
            ),
        )

    def _owe_again(self, bell: Bell, at: datetime) -> bool:
        return self._update(
            bell,
            "SET pile = :owed, attempts = :none, nextTryAtUs = :at, ringAtUs = :ringAt,"
            " expiresAt = :expires REMOVE givenUpAtUs",
            {
                ":none": number(0),
                ":at": us(at),
                ":ringAt": us(at + OVERDUE_AFTER),
                ":expires": kept_from(at),
                ":failed": text(given_up_by(bell.webhook_id)),
            },
            "pile = :failed",
        )

    def _hasten(self, bell: Bell, at: datetime) -> bool:
        return self._update(
            bell,
            "SET nextTryAtUs = :at, ringAtUs = :ringAt",
            {":at": us(at), ":ringAt": us(at + OVERDUE_AFTER)},
            "pile = :owed AND nextTryAtUs > :at",
        )

    def _tried(self, job: WebhookJob, update: str, values: Item) -> bool:
        """Update the job, unless it is not owed any more or others have tried it meanwhile."""
        before = {":before": number(job.attempts)}
        condition = "pile = :owed AND attempts = :before"
        return self._update(bell_for(job), update, values | before, condition)

    def _update(self, bell: Bell, update: str, values: Item, condition: str) -> bool:
        """Whether the condition held; ``:owed`` is the pile of what is owed to the webhook."""
        owed = {":owed": text(owed_to(bell.webhook_id))}
        return condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.table,
                Key=key(bell),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values | owed,
            ),
        )

    def _owed(self, webhook_id: str, time: str, until: datetime) -> Iterator[Item]:
        """What is owed to the webhook and has ``time`` come, by ``seq``."""
        return self._pile(
            owed_to(webhook_id),
            {":until": us(until)},
            FilterExpression=f"{time} <= :until",
        )

    def _pile(self, name: str, values: Item | None = None, **more: Any) -> Iterator[Item]:
        for page in pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                IndexName=BY_PILE,
                KeyConditionExpression="pile = :pile",
                ExpressionAttributeValues={":pile": text(name)} | (values or {}),
                **more,
                **start,
            ),
        ):
            yield from page["Items"]

    def _job(self, item: Mapping[str, Any]) -> WebhookJob | None:
        change = self._change(item)
        return None if change is None else job_of(item, change)

    def _letter(self, item: Mapping[str, Any]) -> DeadLetter | None:
        change = self._change(item)
        return None if change is None else letter_of(item, change)

    def _change(self, item: Mapping[str, Any]) -> Change | None:
        """The item's change; none where a restore has put another one in its place, or none."""
        wanted = position_of(item)
        found = self.feed.changes(after_seq=wanted.seq - 1, limit=1)
        return found[0] if found and found[0].position == wanted else None
