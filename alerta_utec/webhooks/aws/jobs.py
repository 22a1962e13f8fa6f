"""The ``WakingJobs`` on DynamoDB: items in a table, and a wake-up for each when it is due."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, moment_of, number, text
from alerta_utec.domain.change import Change
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import ChangeFeed
from alerta_utec.webhooks.aws.items import (
    OVERDUE_AFTER,
    dead_letter_from,
    dead_letter_queue,
    expires_after,
    job_from,
    key_of,
    pending_item,
    pending_queue,
    position_of,
    us,
)
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.job import CLOCK_SKEW, DeadLetter, JobKey, WebhookJob
from alerta_utec.webhooks.ports import WAKE_UP_WAIT_MAX_S, WakeUps


@dataclass(frozen=True)
class DynamoWebhookJobs:
    """``WakingJobs`` whose items refer to their changes in ``feed``, by ``seq`` and ``epoch``.

    The epoch matters after a restore, when the same ``seq`` may be another change.

    The item decides; its wake-up only says when to look. A job gets one when it is enqueued, and
    keeps it until it is done or waits for longer than ``WAKE_UP_WAIT_MAX_S``. After such a wait,
    and whenever its wake-up was lost, it gets another from ``requeue_overdue``, from ``ringAtUs``
    on.

    Needs ``PutItem`` to enqueue; ``GetItem`` and ``UpdateItem`` to attempt; ``Query`` on the index
    to list, with ``UpdateItem`` for ``retry`` and ``requeue_overdue``, and ``DeleteItem`` for
    ``delete_all``.
    """

    table: JobTable
    feed: ChangeFeed
    wakeups: WakeUps
    clock: Clock

    def enqueue(self, change: Change, webhook_ids: Sequence[str], *, at: datetime) -> None:
        for webhook_id in webhook_ids:
            self.table.add(pending_item(webhook_id, change, at))
        # Existing jobs get one too: sending their wake-up may be what failed the first time.
        self.wakeups.send_wakeups([JobKey(one, change.after.seq) for one in webhook_ids])

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        item = self.table.get(JobKey(webhook_id, seq))
        return self._job(item) if item.get("pile") == text(pending_queue(webhook_id)) else None

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        jobs = map(self._job, self._due(webhook_id, now))
        return list(islice((job for job in jobs if job is not None), limit))

    def due_keys(self, webhook_id: str, limit: int) -> Sequence[JobKey]:
        found = self._due(webhook_id, self.clock.now())
        return [key_of(item) for item in islice(found, limit)]

    def next_at(self, webhook_id: str) -> datetime | None:
        pending = self.table.queue(pending_queue(webhook_id))
        return min((moment_of(item, "nextTryAtUs") for item in pending), default=None)

    def mark_delivered(self, job: WebhookJob, *, at: datetime) -> None:
        self.table.update_pending(
            job.key,
            "SET deliveredAtUs = :at, expiresAt = :expires REMOVE pile, nextTryAtUs, ringAtUs",
            {":at": us(at), ":expires": expires_after(at)},
        )

    def postpone(self, job: WebhookJob, *, at: datetime, until: datetime, reason: str) -> None:
        is_soon = (until - at).total_seconds() <= WAKE_UP_WAIT_MAX_S
        overdue_at = until + OVERDUE_AFTER if is_soon else until
        self._update_attempted(
            job,
            "SET nextTryAtUs = :until, scheduledAtUs = :at, ringAtUs = :ringAt, attempts = :after,"
            " reason = :reason, expiresAt = :expires",
            {
                ":at": us(at),
                ":until": us(until),
                ":ringAt": us(overdue_at),
                ":after": number(job.attempts + 1),
                ":reason": text(reason),
                ":expires": expires_after(until),
            },
        )

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        self._update_attempted(
            job,
            "SET pile = :failed, givenUpAtUs = :at, attempts = :after, reason = :reason,"
            " expiresAt = :expires REMOVE nextTryAtUs, ringAtUs",
            {
                ":failed": text(dead_letter_queue(job.webhook_id)),
                ":at": us(at),
                ":after": number(attempts),
                ":reason": text(reason),
                ":expires": expires_after(at),
            },
        )

    def dead_letters(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        items = self.table.queue(dead_letter_queue(webhook_id), ScanIndexForward=False)
        letters = map(self._dead_letter, items)
        return list(islice((letter for letter in letters if letter is not None), limit))

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        pending = map(key_of, self.table.queue(pending_queue(webhook_id)))
        changed = [key for key in pending if self._advance(key, at)]
        dead = map(key_of, self.table.queue(dead_letter_queue(webhook_id)))
        changed += [key for key in dead if self._revive(key, at)]
        self.wakeups.send_wakeups(changed)
        return len(changed)

    def requeue_overdue(self, webhook_id: str, limit: int) -> int:
        now = self.clock.now()
        overdue = self.table.queue(
            pending_queue(webhook_id),
            {":now": us(now), ":latest": us(now + OVERDUE_AFTER + CLOCK_SKEW)},
            # A clock that was ahead may have put off the wake-up of a job that is due.
            FilterExpression="ringAtUs <= :now OR (nextTryAtUs <= :now AND ringAtUs > :latest)",
        )
        items = list(islice(overdue, limit))
        self.wakeups.send_wakeups([key_of(item) for item in items])
        for item in items:
            self.table.update_pending(
                key_of(item),
                "SET ringAtUs = :later",
                {":later": us(now + OVERDUE_AFTER), ":seen": item["ringAtUs"]},
                "ringAtUs = :seen",
            )
        return len(items)

    def shorten_waits(self, webhook_id: str, *, now: datetime) -> int:
        ahead = self.table.queue(
            pending_queue(webhook_id),
            {":latest": us(now + CLOCK_SKEW)},
            FilterExpression="scheduledAtUs > :latest",
        )
        return sum(self._shorten(item, now) for item in list(ahead))

    def delete_all(self, webhook_id: str) -> None:
        """Delete the webhook's pending jobs and dead letters; may miss the very last ones.

        Raises:
            Unavailable: some may be left.
        """
        for queue in (pending_queue(webhook_id), dead_letter_queue(webhook_id)):
            for item in self.table.queue(queue):
                self.table.delete(key_of(item))

    def _shorten(self, item: Item, now: datetime) -> bool:
        """Make the item's job due after its own wait from now; ``requeue_overdue`` wakes it."""
        until = now + (moment_of(item, "nextTryAtUs") - moment_of(item, "scheduledAtUs"))
        return self.table.update_pending(
            key_of(item),
            "SET nextTryAtUs = :until, scheduledAtUs = :now, ringAtUs = :until",
            {":until": us(until), ":now": us(now), ":seen": item["scheduledAtUs"]},
            "scheduledAtUs = :seen",
        )

    def _advance(self, key: JobKey, at: datetime) -> bool:
        """Make a pending job due ``at`` once, if it waits for longer."""
        return self.table.update_pending(
            key,
            "SET nextTryAtUs = :at, scheduledAtUs = :at, ringAtUs = :ringAt",
            {":at": us(at), ":ringAt": us(at + OVERDUE_AFTER)},
            "nextTryAtUs > :at",
        )

    def _revive(self, key: JobKey, at: datetime) -> bool:
        """Make a dead letter pending again, with no attempts made."""
        return self.table.update(
            key,
            "SET pile = :owed, attempts = :none, nextTryAtUs = :at, scheduledAtUs = :at,"
            " ringAtUs = :ringAt, expiresAt = :expires REMOVE givenUpAtUs",
            {
                ":owed": text(pending_queue(key.webhook_id)),
                ":none": number(0),
                ":at": us(at),
                ":ringAt": us(at + OVERDUE_AFTER),
                ":expires": expires_after(at),
                ":failed": text(dead_letter_queue(key.webhook_id)),
            },
            "pile = :failed",
        )

    def _update_attempted(self, job: WebhookJob, update: str, values: Item) -> None:
        """Update the job, unless it is not pending or was attempted meanwhile."""
        before = {":before": number(job.attempts)}
        self.table.update_pending(job.key, update, values | before, "attempts = :before")

    def _due(self, webhook_id: str, now: datetime) -> Iterator[Item]:
        """Iterate over the jobs that are due, by ``seq``."""
        return self.table.queue(
            pending_queue(webhook_id),
            {":now": us(now)},
            FilterExpression="nextTryAtUs <= :now",
        )

    def _job(self, item: Mapping[str, Any]) -> WebhookJob | None:
        change = self._change(item)
        return None if change is None else job_from(item, change)

    def _dead_letter(self, item: Mapping[str, Any]) -> DeadLetter | None:
        change = self._change(item)
        return None if change is None else dead_letter_from(item, change)

    def _change(self, item: Mapping[str, Any]) -> Change | None:
        """Return the item's change, ``None`` if a restore has removed or replaced it."""
        wanted = position_of(item)
        found = self.feed.changes(after_seq=wanted.seq - 1, limit=1)
        return found[0] if found and found[0].position == wanted else None
