"""The worker that scans the feed and delivers jobs, with a thread for each busy webhook."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerta_utec.adapters.worker import RETRY, Worker
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.delivery import FAILURES_TO_COOL_DOWN, Attempt, DeliverWebhook
from alerta_utec.webhooks.enqueue import ScanFeed
from alerta_utec.webhooks.job import CLOCK_SKEW, WebhookJob
from alerta_utec.webhooks.model import Webhook
from alerta_utec.webhooks.ports import WebhookJobs, WebhookRegistry

log = logging.getLogger(__name__)

# How many due jobs of one webhook are read at once.
BATCH = 50
# After several failures in a row the webhook gets no request for this long, doubled with each
# further failure, however many of its jobs are due.
COOL_DOWN = timedelta(seconds=1)
COOL_DOWN_MAX = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Failures:
    """The failures of a webhook since its last success."""

    in_a_row: int
    cool_downs: int = 0
    # By the monotonic clock.
    cools_until_s: float = -math.inf


class WebhookWorker:
    """Creates jobs for new changes and delivers them, each webhook's in a thread of its own.

    A receiver that hangs delays no other webhook; one webhook gets one request at a time, the
    oldest change first. A thread exists only while its webhook has due jobs. After
    ``FAILURES_TO_COOL_DOWN`` in a row, or if its receiver asks to slow down, the webhook cools
    down for up to ``COOL_DOWN_MAX``, so that a receiver that is down is not flooded with requests.
    An outcome that cannot be stored (a full disk) is stored again until it can be,
    so that nothing is sent over and over.
    """

    def __init__(
        self,
        scanner: ScanFeed,
        delivery: DeliverWebhook,
        webhooks: WebhookRegistry,
        jobs: WebhookJobs,
        clock: Clock,
        *,
        retry_s: float = RETRY.total_seconds(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scanner = scanner
        self._delivery = delivery
        self._webhooks = webhooks
        self._jobs = jobs
        self._clock = clock
        self._retry_s = retry_s
        self._monotonic = monotonic
        # The time of day and the monotonic time at the last run.
        self._last_run: tuple[datetime, float] | None = None
        self._stopping = threading.Event()
        # The threads that deliver, by webhook id.
        self._busy: dict[str, threading.Thread] = {}
        self._failures: dict[str, _Failures] = {}
        # How often ``jobs_changed`` was called; guarded with the failures, which it clears.
        self._changes = 0
        self._failures_lock = threading.Lock()
        # Whether there was a webhook at the last run.
        self._needed = True
        retry = timedelta(seconds=retry_s)
        self._worker = Worker("webhooks", self, clock, kind="webhooks", retry=retry)

    def start(self) -> None:
        """Start, with the jobs that an earlier run left pending."""
        self._worker.start()

    def committed(self) -> None:
        """Look for new changes in the feed."""
        # Without a webhook, a commit need not wake a thread that finds nothing to do.
        if self._needed:
            self._worker.wake()

    def jobs_changed(self) -> None:
        """End all cool-downs and look for due jobs: the cause of a failure may be repaired."""
        with self._failures_lock:
            self._failures.clear()
            self._changes += 1
        self._worker.wake()

    def stop(self, timeout_s: float) -> None:
        """Wait up to ``timeout_s`` for the current requests; all other jobs stay pending."""
        until = time.monotonic() + timeout_s
        self._stopping.set()
        self._worker.end()
        self._worker.join(timeout_s)
        for thread in list(self._busy.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def run_once(self) -> datetime | None:
        """Create jobs for new changes, then start a thread for each webhook with due jobs.

        Returns:
            When the next job that nothing delivers yet is due, ``None`` without any.
        """
        webhooks = self._webhooks.all()
        self._needed = bool(webhooks)
        self._shorten_waits(webhooks)
        while self._scanner.scan() and not self._stopping.is_set():
            pass
        later, now = list[datetime](), self._clock.now()
        for webhook in webhooks:
            if webhook.webhook_id in self._busy:
                continue  # its thread wakes this one when it ends
            start_at = self._start_at(webhook.webhook_id, now)
            if start_at is None:
                continue
            if start_at <= now:
                self._start_thread(webhook.webhook_id)
            else:
                later.append(start_at)
        return min(later, default=None)

    def _start_at(self, webhook_id: str, now: datetime) -> datetime | None:
        """Return when the webhook's next job may be attempted, ``None`` without any job."""
        next_at = self._jobs.next_at(webhook_id)
        failures = self._failures.get(webhook_id)
        if next_at is None or failures is None:
            return next_at
        left_s = failures.cools_until_s - self._monotonic()
        return next_at if left_s <= 0 else max(next_at, now + timedelta(seconds=left_s))

    def _shorten_waits(self, webhooks: Sequence[Webhook]) -> None:
        """Shorten what a clock that was ahead has stored: at the start, and when it is set back."""
        now, now_s, last = self._clock.now(), self._monotonic(), self._last_run
        if last is None or now < last[0] + timedelta(seconds=now_s - last[1]) - CLOCK_SKEW:
            for webhook in webhooks:
                self._jobs.shorten_waits(webhook.webhook_id, now=now)
        self._last_run = now, now_s

    def _start_thread(self, webhook_id: str) -> None:
        thread = threading.Thread(
            target=self._deliver_due, args=(webhook_id,), name=f"webhook-{webhook_id}", daemon=True
        )
        self._busy[webhook_id] = thread
        try:
            thread.start()
        except RuntimeError:  # the system's limit of threads
            del self._busy[webhook_id]
            raise

    def _deliver_due(self, webhook_id: str) -> None:
        """Deliver the webhook's due jobs, until it cools down."""
        try:
            while jobs := self._jobs.due(webhook_id, self._clock.now(), BATCH):
                for job in jobs:
                    if self._stopping.is_set():
                        return
                    changes = self._changes
                    attempt = self._deliver(job)
                    if self._cools_down(webhook_id, attempt, changes):
                        return
        except Exception:
            # The store is unavailable, or this is a defect: only this webhook has to wait.
            log.exception("webhook_failed", extra={"webhook_id": webhook_id})
            self._stopping.wait(self._retry_s)
        finally:
            del self._busy[webhook_id]
            self._worker.wake()

    def _cools_down(self, webhook_id: str, attempt: Attempt, changes: int) -> bool:
        """Count an attempt's failure; return whether the webhook gets no request for a while.

        An attempt that began before the last of the ``changes`` says nothing about the receiver
        as it is now.
        """
        with self._failures_lock:
            if attempt.outcome != "failed":
                self._failures.pop(webhook_id, None)
                return False
            if changes != self._changes:
                return False
            before = self._failures.get(webhook_id, _Failures(0))
            failures = replace(before, in_a_row=before.in_a_row + 1)
            cools_down = attempt.slow_down or failures.in_a_row >= FAILURES_TO_COOL_DOWN
            self._failures[webhook_id] = self._cooled(failures) if cools_down else failures
            return cools_down

    def _cooled(self, failures: _Failures) -> _Failures:
        """Return the failures with a further cool-down, which begins now."""
        wait_s = delay_s(
            failures.cool_downs,
            base_s=COOL_DOWN.total_seconds(),
            cap_s=COOL_DOWN_MAX.total_seconds(),
        )
        until_s = self._monotonic() + wait_s
        return replace(failures, cool_downs=failures.cool_downs + 1, cools_until_s=until_s)

    def _deliver(self, job: WebhookJob) -> Attempt:
        """Attempt the job, and store the outcome as soon as the store is available."""
        attempt = self._delivery.attempt(job)
        while True:
            try:
                self._delivery.store(job, attempt)
            except Unavailable:
                log.warning("webhook_outcome_waits", extra={"webhook_id": job.webhook_id})
                if self._stopping.wait(self._retry_s):
                    return attempt
            else:
                return attempt
