"""The threads that tell webhooks what they are owed, on one machine."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.adapters.worker import RETRY, Worker
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock
from alerta_utec.webhooks.delivery import DeliverWebhook, FollowFeed, Tried
from alerta_utec.webhooks.ports import WebhookJob, WebhookJobs, Webhooks

log = logging.getLogger(__name__)

# What one webhook is given between two looks at what is due.
BATCH = 50
# A webhook that has failed is left alone for so long, doubled each time, with all that is due.
REST = timedelta(seconds=1)
REST_MAX = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Rest:
    failures: int
    until: datetime


class WebhookWorker:
    """Reads the feed for what is owed, and has each webhook told in a thread of its own.

    A webhook that hangs delays no other; to one webhook there is one post at a time, the oldest
    change first. The threads are there only while there is something to send, and are no more
    than there are webhooks. After a failure a webhook rests for a moment, 30 s at most, so that
    one that is down is not posted to without end while much is owed to it. What cannot be
    written down (a full disk) is kept until it can be, so that nothing is posted over and over.
    """

    def __init__(
        self,
        follow: FollowFeed,
        deliver: DeliverWebhook,
        webhooks: Webhooks,
        jobs: WebhookJobs,
        clock: Clock,
        *,
        retry_s: float = RETRY.total_seconds(),
    ) -> None:
        self._follow = follow
        self._deliver = deliver
        self._webhooks = webhooks
        self._jobs = jobs
        self._clock = clock
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._busy: dict[str, threading.Thread] = {}
        self._resting: dict[str, _Rest] = {}
        self._needed = True
        retry = timedelta(seconds=retry_s)
        self._worker = Worker("webhooks", self, clock, kind="webhooks", retry=retry)

    def start(self) -> None:
        """Begin, with what was left owed by an earlier run."""
        self._worker.start()

    def committed(self) -> None:
        """There is something new in the feed."""
        # Where there is no webhook, commits need not wake a thread that finds so each time.
        if self._needed:
            self._worker.wake()

    def changed(self) -> None:
        """Somebody has changed a webhook, or what is owed to it: what failed may do so no more."""
        self._resting.clear()
        self._worker.wake()

    def stop(self, timeout_s: float) -> None:
        """Let current posts end, for up to ``timeout_s``; the rest stays owed."""
        until = time.monotonic() + timeout_s
        self._stopping.set()
        self._worker.end()
        self._worker.join(timeout_s)
        for lane in list(self._busy.values()):
            lane.join(max(0.0, until - time.monotonic()))

    def run_once(self) -> datetime | None:
        """Owe what is new, and have told who is owed something now.

        Returns:
            When there is more to do; none where nothing waits for its time.
        """
        webhooks = self._webhooks.all()
        self._needed = bool(webhooks)
        while self._follow() and not self._stopping.is_set():
            pass
        later, now = list[datetime](), self._clock.now()
        for webhook in webhooks:
            if webhook.webhook_id in self._busy:
                continue  # its thread wakes this one at its end
            next_at = self._jobs.next_at(webhook.webhook_id)
            if next_at is None:
                continue
            rest = self._resting.get(webhook.webhook_id)
            start_at = max(next_at, rest.until) if rest else next_at
            if start_at <= now:
                self._start_lane(webhook.webhook_id)
            else:
                later.append(start_at)
        return min(later, default=None)

    def _start_lane(self, webhook_id: str) -> None:
        lane = threading.Thread(
            target=self._tell_all, args=(webhook_id,), name=f"webhook-{webhook_id}", daemon=True
        )
        self._busy[webhook_id] = lane
        try:
            lane.start()
        except RuntimeError:  # the system has no thread left
            del self._busy[webhook_id]
            raise

    def _tell_all(self, webhook_id: str) -> None:
        """Tell one webhook all that is due to it, until something fails."""
        try:
            while jobs := self._jobs.due(webhook_id, self._clock.now(), BATCH):
                for job in jobs:
                    if self._stopping.is_set():
                        return
                    if self._tell(job).outcome == "failed":
                        self._rest(webhook_id)
                        return
                    self._resting.pop(webhook_id, None)
        except Exception:
            # The store is away, or a defect of ours: this webhook waits, the others need not.
            log.exception("webhook_failed", extra={"webhook_id": webhook_id})
            self._stopping.wait(self._retry_s)
        finally:
            del self._busy[webhook_id]
            self._worker.wake()

    def _rest(self, webhook_id: str) -> None:
        before = self._resting.get(webhook_id)
        failures = before.failures + 1 if before else 1
        rest = min(REST * 2 ** min(failures - 1, 10), REST_MAX)
        self._resting[webhook_id] = _Rest(failures, self._clock.now() + rest)

    def _tell(self, job: WebhookJob) -> Tried:
        tried = self._deliver.attempt(job)
        while True:
            try:
                self._deliver.keep(job, tried)
            except Unavailable:
                log.warning("webhook_outcome_waits", extra={"webhook_id": job.webhook_id})
                if self._stopping.wait(self._retry_s):
                    return tried
            else:
                return tried
