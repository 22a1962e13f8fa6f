"""Telling webhooks of committed changes: whom, what came of it, and when to try again."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from alerta_utec.app.records import Recorder
from alerta_utec.app.webhook_events import event_of
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.webhook import State, Webhook
from alerta_utec.ports import ChangeFeed, Clock
from alerta_utec.webhook_ports import (
    Answer,
    WebhookJob,
    WebhookJobs,
    WebhookPlan,
    Webhooks,
    WebhookSender,
)

log = logging.getLogger(__name__)

_MINUTE, _HOUR = 60.0, 3600.0
# Standard Webhooks 1.0.0, "Deliverability and reliability": after the first try, at once.
RETRY_AFTER_S = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
TRIES = 1 + len(RETRY_AFTER_S)
# Each wait is up to so much longer, so that what failed together does not come back together.
JITTER = 0.2
RETRY_AFTER_MAX_S = 24 * _HOUR
PLAN_BATCH = 200

_GONE, _TOO_MANY, _UNAVAILABLE = 410, 429, 503


@dataclass(frozen=True)
class PlanWebhooks:
    """Owes each change to the webhooks that it concerns."""

    webhooks: Webhooks
    jobs: WebhookJobs
    clock: Clock

    def __call__(self, change: Change) -> Sequence[str]:
        """Owe a committed change; repeating it owes nothing more.

        Returns:
            The ids of the webhooks that it is owed to.

        Raises:
            Unavailable: it may be owed to some; repeat it.
        """
        ids = concerned(self.webhooks.all(), change)
        if ids:
            self.jobs.owe(change, ids, at=self.clock.now())
        return ids


@dataclass(frozen=True)
class FollowFeed:
    """Owes changes as ``PlanWebhooks`` does, where nobody brings them: it reads the feed."""

    feed: ChangeFeed
    webhooks: Webhooks
    written: WebhookPlan
    clock: Clock

    def __call__(self) -> bool:
        """Owe the next changes, ``PLAN_BATCH`` at most; each once, whatever crashes.

        Returns:
            Whether there may be more of them.

        Raises:
            Unavailable: none of them is owed; repeat it.
        """
        after_seq = self.written.planned_seq()
        changes = self.feed.changes(after_seq=after_seq, limit=PLAN_BATCH)
        full = len(changes) == PLAN_BATCH
        webhooks = self.webhooks.all()
        # Nobody to tell: the place need not be written each time, since whoever comes later
        # hears of what comes later.
        if changes and (webhooks or full):
            self.written.plan(
                [(change, ids) for change in changes if (ids := concerned(webhooks, change))],
                up_to_seq=changes[-1].after.seq,
                at=self.clock.now(),
            )
        return full


@dataclass(frozen=True, slots=True)
class Tried:
    """What one try came to, as the job now stands; ``until``: of its next try, where it has one."""

    outcome: Literal["sent", "failed", "given_up", "dropped"]
    until: datetime | None = None


@dataclass(frozen=True)
class DeliverWebhook:
    """Tries one job.

    2xx: delivered. 410: the webhook is gone, and nothing more is sent to it. Anything else, and
    no answer: tried again by ``RETRY_AFTER_S``, or later where a 429 or 503 says so; after the
    last try, and where the webhook is not active any more, the job ends as a dead letter. Each
    outcome is on the record of deliveries.

    ``source`` is the events' (see ``event_of``).
    """

    webhooks: Webhooks
    jobs: WebhookJobs
    sender: WebhookSender
    clock: Clock
    record: Recorder
    source: str
    jitter: random.Random = field(default_factory=random.SystemRandom, repr=False)

    def __call__(self, job: WebhookJob) -> Tried:
        """Try the job now, whether it is due or not.

        Raises:
            Unavailable: the webhook cannot be read, or what came of it cannot be written; the
                receiver may have it, and gets it again.
        """
        webhook = self.webhooks.get(job.webhook_id)
        if webhook is None:
            return Tried("dropped")
        if webhook.state is not State.ACTIVE:
            return self._give_up(webhook, job, webhook.state.value, job.attempts)
        event = event_of(job.change, source=self.source)
        at = self.clock.now()
        headers = event.headers(webhook.signing(at), at)
        answer = self.sender.post(webhook.url, event.body, headers)
        if answer.ok:
            return self._delivered(webhook, job)
        if answer.status == _GONE:
            self._disable(webhook)
            return self._give_up(webhook, job, answer.reason, job.attempts + 1)
        if job.attempts + 1 >= TRIES:
            return self._give_up(webhook, job, answer.reason, job.attempts + 1)
        return self._postpone(webhook, job, answer)

    def _delivered(self, webhook: Webhook, job: WebhookJob) -> Tried:
        self.jobs.delivered(job, at=self.clock.now())
        self._record(webhook, job, {"result": "sent", "attempts": job.attempts + 1})
        return Tried("sent")

    def _postpone(self, webhook: Webhook, job: WebhookJob, answer: Answer) -> Tried:
        wait_s = RETRY_AFTER_S[job.attempts] * self.jitter.uniform(1, 1 + JITTER)
        if answer.status in (_TOO_MANY, _UNAVAILABLE) and answer.retry_after_s is not None:
            wait_s = max(wait_s, min(answer.retry_after_s, RETRY_AFTER_MAX_S))
        until = self.clock.now() + timedelta(seconds=wait_s)
        self.jobs.postpone(job, until=until, reason=answer.reason)
        self._failed(webhook, job, "failed", answer.reason, job.attempts + 1)
        return Tried("failed", until)

    def _give_up(self, webhook: Webhook, job: WebhookJob, reason: str, attempts: int) -> Tried:
        self.jobs.give_up(job, at=self.clock.now(), reason=reason, attempts=attempts)
        self._failed(webhook, job, "given_up", reason, attempts)
        return Tried("given_up")

    def _disable(self, webhook: Webhook) -> None:
        """Mark the webhook as gone, unless somebody has changed it meanwhile: that may cure it."""
        try:
            self.webhooks.save(webhook.next(state=State.GONE))
        except Conflict:
            return
        log.warning("webhook_gone", extra={"webhook_id": webhook.webhook_id})

    def _failed(
        self, webhook: Webhook, job: WebhookJob, result: str, reason: str, attempts: int
    ) -> None:
        log.warning(
            f"webhook_{result}",  # noqa: G004 (one of two words)
            extra={
                "webhook_id": webhook.webhook_id,
                "position": str(job.change.position),
                "attempts": attempts,
                "reason": reason,
            },
        )
        outcome = {"result": result, "because": reason, "attempts": attempts}
        self._record(webhook, job, outcome)

    def _record(self, webhook: Webhook, job: WebhookJob, outcome: dict[str, Any]) -> None:
        self.record(Delivery.of(job.change, webhook.channel, self.clock.now(), outcome))


def concerned(webhooks: Sequence[Webhook], change: Change) -> tuple[str, ...]:
    """The ids of those that the change concerns."""
    return tuple(webhook.webhook_id for webhook in webhooks if webhook.concerns(change))
