"""Delivery of one job: the signed POST, the meaning of its result, and the retry schedule."""

import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from alerta_utec.app.records import Recorder
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Conflict
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.events import incident_event
from alerta_utec.webhooks.job import PostResult, WebhookJob
from alerta_utec.webhooks.model import State, Webhook
from alerta_utec.webhooks.ports import WebhookJobs, WebhookRegistry, WebhookSender
from alerta_utec.webhooks.signing import signed_request

log = logging.getLogger(__name__)

_MINUTE, _HOUR = 60.0, 3600.0
# Standard Webhooks 1.0.0, "Deliverability and reliability"; the first attempt is immediate.
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
ATTEMPTS_MAX = 1 + len(RETRY_AFTER_S)
# A webhook cools down at this many failures in a row. One failure can be that of its own event,
# or of one request in thirty; to pause for each would leave such a receiver behind.
FAILURES_TO_COOL_DOWN = 2
# Each wait is longer by up to this share, so that jobs that failed together do not return together.
JITTER = 0.2
RETRY_AFTER_MAX_S = 24 * _HOUR

_GONE, _TOO_MANY, _UNAVAILABLE = 410, 429, 503


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one attempt at a job.

    ``attempts`` counts this attempt too. ``reason``: why it failed. ``retry_at``: when a failed
    job is due again. ``gone``: the receiver answered 410. ``slow_down``: it asked for fewer
    requests. An attempt is ``dropped`` if the webhook was deleted; then ``webhook`` is ``None``.
    """

    outcome: Literal["sent", "failed", "given_up", "dropped"]
    attempts: int = 0
    reason: str | None = None
    retry_at: datetime | None = None
    webhook: Webhook | None = None
    gone: bool = False
    slow_down: bool = False


@dataclass(frozen=True)
class DeliverWebhook:
    """Attempts one job and stores the outcome, also on the record of deliveries.

    A 2xx response ends the job as delivered. A 410 disables the webhook and gives the job up. Any
    other response, or none, schedules a retry by ``RETRY_AFTER_S``, or later if a 429 or 503 asks
    for it. After the last attempt, or if the webhook is not active, the job is given up as a dead
    letter.

    ``source`` is that of ``WebhookEvent``.
    """

    webhooks: WebhookRegistry
    jobs: WebhookJobs
    sender: WebhookSender
    clock: Clock
    recorder: Recorder
    source: str
    rng: random.Random = field(default_factory=random.SystemRandom, repr=False)

    def deliver(self, job: WebhookJob) -> Attempt:
        """Attempt the job now, due or not, and store the outcome.

        Raises:
            Unavailable: the webhook cannot be read, or the outcome cannot be written; then the
                receiver may have the event, and gets it again.
        """
        attempt = self.attempt(job)
        self.store(job, attempt)
        return attempt

    def attempt(self, job: WebhookJob) -> Attempt:
        """Post the job's event and return the outcome, without storing it.

        Raises:
            Unavailable: the webhook cannot be read; nothing was sent.
        """
        webhook = self.webhooks.get(job.webhook_id)
        if webhook is None:
            return Attempt("dropped")
        if webhook.state is not State.ACTIVE:
            return Attempt("given_up", job.attempts, webhook.state.value, webhook=webhook)
        result = self._post(webhook, job)
        attempts = job.attempts + 1
        if result.ok:
            return Attempt("sent", attempts, webhook=webhook)
        gone = result.status == _GONE
        if gone or attempts >= ATTEMPTS_MAX:
            return Attempt("given_up", attempts, result.reason, webhook=webhook, gone=gone)
        retry_at = self.clock.now() + self._wait(job, result)
        slow_down = result.status == _TOO_MANY or self._retry_after_s(result) is not None
        return Attempt("failed", attempts, result.reason, retry_at, webhook, slow_down=slow_down)

    def store(self, job: WebhookJob, attempt: Attempt) -> None:
        """Store the outcome of an attempt on the job and on the record of deliveries.

        Raises:
            Unavailable: the outcome may not be stored; repeating the call is harmless.
        """
        webhook = attempt.webhook
        if webhook is None:
            return
        now, reason = self.clock.now(), attempt.reason or ""
        if attempt.gone:
            self._disable(webhook)
        if attempt.outcome == "sent":
            self.jobs.mark_delivered(job, at=now)
        elif attempt.retry_at is not None:
            self.jobs.postpone(job, at=now, until=attempt.retry_at, reason=reason)
        else:
            self.jobs.give_up(job, at=now, reason=reason, attempts=attempt.attempts)
        # The record's word for the reason: readers of the HTTP API know it as ``because``.
        because = {"because": attempt.reason} if attempt.reason else {}
        outcome = {"result": attempt.outcome, "attempts": attempt.attempts, **because}
        _log(job, attempt)
        self.recorder.record(Delivery.of(job.change, webhook.channel, now, outcome))

    def _post(self, webhook: Webhook, job: WebhookJob) -> PostResult:
        try:
            event = incident_event(job.change, source=self.source)
            request = signed_request(webhook, event, self.clock.now())
            return self.sender.post(webhook.url, request.body, request.headers)
        except Exception:
            # A defect in this service must not block the jobs behind this one.
            log.exception("webhook_failed", extra=job.change.log_fields())
            return PostResult(failure="internal")

    def _wait(self, job: WebhookJob, result: PostResult) -> timedelta:
        wait_s = RETRY_AFTER_S[job.attempts] * self.rng.uniform(1, 1 + JITTER)
        return timedelta(seconds=max(wait_s, self._retry_after_s(result) or 0.0))

    def _retry_after_s(self, result: PostResult) -> float | None:
        """Return the wait that the receiver asked for, a day at most; ``None`` if for none."""
        if result.status not in (_TOO_MANY, _UNAVAILABLE) or result.retry_after_s is None:
            return None
        return min(result.retry_after_s, RETRY_AFTER_MAX_S)

    def _disable(self, webhook: Webhook) -> None:
        """Mark the webhook as gone, unless it was changed meanwhile: that may have repaired it."""
        try:
            self.webhooks.save(webhook.next(state=State.GONE))
        except Conflict:
            return
        log.warning("webhook_gone", extra={"webhook_id": webhook.webhook_id})


def _log(job: WebhookJob, attempt: Attempt) -> None:
    fields: dict[str, Any] = {
        "webhook_id": job.webhook_id,
        **job.change.log_fields(),
        "result": attempt.outcome,
        "attempts": attempt.attempts,
    }
    if attempt.outcome == "sent":
        log.info("webhook_sent", extra=fields)
    else:
        log.warning("webhook_not_sent", extra=fields | {"reason": attempt.reason})
