"""Telling webhooks of committed changes: whom, what came of it, and when to try again."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Conflict
from alerta_utec.ports import ChangeFeed, Clock
from alerta_utec.webhooks.events import event_of
from alerta_utec.webhooks.model import State, Webhook
from alerta_utec.webhooks.ports import (
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
        ids = _concerned(self.webhooks.all(), change)
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
        webhooks = self.webhooks.all()
        if not webhooks:
            return False
        # What came while there was nobody to tell has not been looked at, and need not be.
        first = min(webhook.since_seq for webhook in webhooks)
        after_seq = max(self.written.planned_seq(), first)
        changes = self.feed.changes(after_seq=after_seq, limit=PLAN_BATCH)
        if not changes:
            return False
        # Those who have come since they were looked for are to hear of these too.
        webhooks = self.webhooks.all()
        owed = [(change, ids) for change in changes if (ids := _concerned(webhooks, change))]
        self.written.plan(owed, up_to_seq=changes[-1].after.seq, at=self.clock.now())
        return len(changes) == PLAN_BATCH


@dataclass(frozen=True, slots=True)
class Tried:
    """What one try came to; ``because`` of what it failed, and ``until`` when the job waits.

    ``attempts`` have been made with it. ``dropped``: there is no such webhook any more.
    """

    outcome: Literal["sent", "failed", "given_up", "dropped"]
    attempts: int = 0
    because: str | None = None
    until: datetime | None = None
    webhook: Webhook | None = None
    gone: bool = False


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
    recorder: Recorder
    source: str
    jitter: random.Random = field(default_factory=random.SystemRandom, repr=False)

    def __call__(self, job: WebhookJob) -> Tried:
        """Try the job now, whether it is due or not, and write down what came of it.

        Raises:
            Unavailable: the webhook cannot be read, or what came of it cannot be written; the
                receiver may have it, and gets it again.
        """
        tried = self.attempt(job)
        self.keep(job, tried)
        return tried

    def attempt(self, job: WebhookJob) -> Tried:
        """The first half: post it, and write nothing.

        Raises:
            Unavailable: the webhook cannot be read; nothing was sent.
        """
        webhook = self.webhooks.get(job.webhook_id)
        if webhook is None:
            return Tried("dropped")
        if webhook.state is not State.ACTIVE:
            return Tried("given_up", job.attempts, webhook.state.value, webhook=webhook)
        answer = self._post(webhook, job)
        attempts = job.attempts + 1
        if answer.ok:
            return Tried("sent", attempts, webhook=webhook)
        gone = answer.status == _GONE
        if gone or attempts >= TRIES:
            return Tried("given_up", attempts, answer.reason, webhook=webhook, gone=gone)
        until = self.clock.now() + self._wait(job, answer)
        return Tried("failed", attempts, answer.reason, until, webhook)

    def keep(self, job: WebhookJob, tried: Tried) -> None:
        """The second half: write down what came of it, on the job and on the record.

        Raises:
            Unavailable: it may not be written; repeating it is harmless.
        """
        if tried.webhook is None:
            return
        now, because = self.clock.now(), tried.because or ""
        if tried.gone:
            self._disable(tried.webhook)
        if tried.outcome == "sent":
            self.jobs.delivered(job, at=now)
        elif tried.until is not None:
            self.jobs.postpone(job, until=tried.until, reason=because)
        else:
            self.jobs.give_up(job, at=now, reason=because, attempts=tried.attempts)
        outcome: dict[str, Any] = {"result": tried.outcome, "attempts": tried.attempts}
        if tried.because:
            outcome["because"] = tried.because
        _log(job, outcome)
        self.recorder.record(Delivery.of(job.change, tried.webhook.channel, now, outcome))

    def _post(self, webhook: Webhook, job: WebhookJob) -> Answer:
        try:
            event, at = event_of(job.change, source=self.source), self.clock.now()
            headers = event.headers(webhook.signing(at), at)
            return self.sender.post(webhook.url, event.body, headers)
        except Exception:
            # A defect of ours must not hold up what is owed behind this.
            log.exception("webhook_failed", extra={"position": str(job.change.position)})
            return Answer(none="internal")

    def _wait(self, job: WebhookJob, answer: Answer) -> timedelta:
        wait_s = RETRY_AFTER_S[job.attempts] * self.jitter.uniform(1, 1 + JITTER)
        if answer.status in (_TOO_MANY, _UNAVAILABLE) and answer.retry_after_s is not None:
            wait_s = max(wait_s, min(answer.retry_after_s, RETRY_AFTER_MAX_S))
        return timedelta(seconds=wait_s)

    def _disable(self, webhook: Webhook) -> None:
        """Mark the webhook as gone, unless somebody has changed it meanwhile: that may cure it."""
        try:
            self.webhooks.save(webhook.next(state=State.GONE))
        except Conflict:
            return
        log.warning("webhook_gone", extra={"webhook_id": webhook.webhook_id})


def _concerned(webhooks: Sequence[Webhook], change: Change) -> tuple[str, ...]:
    return tuple(webhook.webhook_id for webhook in webhooks if webhook.concerns(change))


def _log(job: WebhookJob, outcome: Mapping[str, Any]) -> None:
    fields = {"webhook_id": job.webhook_id, "position": str(job.change.position), **outcome}
    if outcome["result"] == "sent":
        log.info("webhook_sent", extra=fields)
    else:
        log.warning("webhook_not_sent", extra=fields)
