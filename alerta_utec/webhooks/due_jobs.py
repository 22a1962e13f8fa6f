"""Delivery started by a wake-up: a webhook's due jobs, in order and one request at a time."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex

from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.delivery import FAILURES_TO_COOL_DOWN, Attempt, DeliverWebhook
from alerta_utec.webhooks.job import JobKey, WebhookJob
from alerta_utec.webhooks.lease_ports import DeliveryLeases
from alerta_utec.webhooks.ports import WAKE_UP_WAIT_MAX_S, WakingJobs

log = logging.getLogger(__name__)

# When another holder has the webhook's lease, the wake-up comes back after this many seconds.
BUSY_DELAY_S = (5, 15)
# How many due jobs are read at once.
DUE_BATCH = 25


def random_busy_delay_s() -> int:
    """Return a random delay within ``BUSY_DELAY_S``."""
    return random.randint(*BUSY_DELAY_S)  # noqa: S311 (jitter, no secret)


@dataclass(frozen=True)
class DeliverDueJobs:
    """Delivers the job that a wake-up names, and the webhook's other due jobs, in ``seq`` order.

    The webhook's lease makes sure that it gets one request at a time: it receives changes in
    order as long as no attempt fails, and a receiver that hangs delays no other webhook. After
    ``FAILURES_TO_COOL_DOWN`` in a row, whichever calls made them, at each further failure, and if
    the receiver asks to slow down, the webhook cools down.

    A wake-up comes back by itself as long as its job is pending: nothing here sends one, so no
    chain of invocations grows.
    """

    jobs: WakingJobs
    leases: DeliveryLeases
    delivery: DeliverWebhook
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    busy_delay_s: Callable[[], int] = random_busy_delay_s

    def deliver(self, key: JobKey, deadline_s: float | None = None) -> float | None:
        """Deliver the job if it is due; wake-ups repeat, so often it no longer is.

        No attempt starts after ``deadline_s`` (by ``monotonic``).

        Returns:
            After how many seconds the wake-up must come back: those until the job is due, or a
            moment if it could not be attempted (the lease is taken, the webhook cools down, or
            the time is up). ``None``: it is not pending, or waits for longer than
            ``WAKE_UP_WAIT_MAX_S``.

        Raises:
            Unavailable: the wake-up must come back.
        """
        if self._due(key) is not None and key not in self._attempted(key, deadline_s):
            return float(self.busy_delay_s())
        job = self.jobs.get(*key)
        if job is None:
            return None
        wait_s = max(0.0, (job.next_try_at - self.clock.now()).total_seconds())
        return wait_s if wait_s <= WAKE_UP_WAIT_MAX_S else None

    def _attempted(self, key: JobKey, deadline_s: float | None) -> set[JobKey]:
        """Attempt due jobs until there are none left or it cools down; return their keys."""
        holder, done = token_hex(8), set[JobKey]()
        lease = self.leases.acquire(key.webhook_id, holder)
        if lease is None:
            return done
        failures, cools_down = lease.failures, False
        try:
            while not cools_down and (left := self._left(key, done)):
                for one in left:
                    if not self._has_time(deadline_s):
                        return done
                    if done and self.leases.acquire(key.webhook_id, holder) is None:
                        return done
                    done.add(one)
                    attempt = self._attempt(one, is_own=one == key)
                    if attempt is None:
                        continue
                    failures = failures + 1 if attempt.outcome == "failed" else 0
                    cools_down = attempt.slow_down or failures >= FAILURES_TO_COOL_DOWN
                    if cools_down:
                        break
        finally:
            self.leases.release(key.webhook_id, holder, failures=failures, cools_down=cools_down)
        return done

    def _left(self, key: JobKey, done: set[JobKey]) -> Sequence[JobKey]:
        """Return the due jobs by ``seq``; ``key`` is added, since ``due_keys`` may lag."""
        return sorted({key, *self.jobs.due_keys(key.webhook_id, DUE_BATCH)} - done)

    def _has_time(self, deadline_s: float | None) -> bool:
        return deadline_s is None or self.monotonic() < deadline_s

    def _due(self, key: JobKey) -> WebhookJob | None:
        job = self.jobs.get(*key)
        return job if job and job.next_try_at <= self.clock.now() else None

    def _attempt(self, key: JobKey, *, is_own: bool) -> Attempt | None:
        """Attempt the job; return ``None`` if it is not due or cannot be attempted."""
        try:
            job = self._due(key)
            return self.delivery.deliver(job) if job else None
        except Exception:
            # Other jobs have their own wake-up, which will report the failure.
            if is_own:
                raise
            log.exception("webhook_not_tried", extra={"webhook_id": key.webhook_id})
            return None
