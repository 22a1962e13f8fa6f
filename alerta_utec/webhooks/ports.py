"""The interfaces that webhooks depend on; their docstrings are the contract for implementers.

As in the kernel's ``ports``, every method is synchronous and safe to call from several threads at
once. Every method that reads or writes stored data or sends messages raises ``Unavailable`` if the
service behind it does not answer; its docstring says so where the effect is then unknown. A change
is identified by its ``seq``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from alerta_utec.webhooks.job import DeadLetter, JobKey, PostResult, WebhookJob
from alerta_utec.webhooks.model import Webhook

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change


class WebhookRegistry(Protocol):
    """The registered webhooks: ``WEBHOOKS_MAX`` at most, so that reading all of them is cheap."""

    def all(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first; consistent with every completed ``save``."""
        ...

    def get(self, webhook_id: str) -> Webhook | None:
        """Return the webhook as last saved, or ``None`` if it is unknown."""
        ...

    def save(self, webhook: Webhook) -> None:
        """Add the webhook (``revision`` 1), or replace the previous version of it.

        Raises:
            Conflict: the stored version is not ``revision - 1``; for revision 1, there is one.
            Unavailable: the webhook may or may not have been saved.
        """
        ...

    def delete(self, webhook_id: str) -> None:
        """Delete the webhook; an unknown one is ignored.

        Its jobs and dead letters are deleted too, or at least never attempted again.
        """
        ...


class WebhookJobs(Protocol):
    """The queue of each webhook: one job for each change to deliver to it.

    A job is pending until it is delivered or given up; then it stays stored for
    ``FINISHED_TTL_S``, so that enqueueing its change again does nothing.
    """

    def enqueue(self, change: "Change", webhook_ids: Sequence[str], *, at: datetime) -> None:
        """Create a job for each of these webhooks, due ``at`` once; repeating does nothing.

        Raises:
            Unavailable: some jobs may have been created; repeat the call.
        """
        ...

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        """Return the job (strongly consistent), or ``None`` if it is not pending."""
        ...

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        """Return the webhook's jobs that are due at ``now``, the oldest change first.

        On a shared store, the result may lag behind the last writes by moments.
        """
        ...

    def next_at(self, webhook_id: str) -> datetime | None:
        """Return when the webhook's next job is due, ``None`` without any; may lag as ``due``."""
        ...

    def mark_delivered(self, job: WebhookJob, *, at: datetime) -> None:
        """Finish the job as delivered; a job that is not pending is left as it is.

        Raises:
            Unavailable: the job may still be pending.
        """
        ...

    def postpone(self, job: WebhookJob, *, at: datetime, until: datetime, reason: str) -> None:
        """Count one more failed attempt, ``at`` this time, and make the job due at ``until``.

        ``reason`` contains neither an address nor a secret. A job that is not pending, or that
        was attempted meanwhile (its ``attempts`` differ from those of ``job``), is left as it is.

        Raises:
            Unavailable: the job may be unchanged.
        """
        ...

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        """Finish the job undelivered, as a dead letter, after ``attempts`` in all.

        The job is left as it is under the same conditions as for ``postpone``.

        Raises:
            Unavailable: the job may still be pending.
        """
        ...

    def dead_letters(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        """Return the webhook's dead letters, the newest change first; may lag as ``due``."""
        ...

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        """Make everything that the webhook has not received due ``at`` once.

        Dead letters become pending again with no attempts made; jobs that wait for a later
        attempt keep their count.

        Returns:
            The number of jobs changed.

        Raises:
            Unavailable: some jobs may be unchanged; repeat the call.
        """
        ...

    def shorten_waits(self, webhook_id: str, *, now: datetime) -> int:
        """Make jobs that a clock ahead of ``now`` has scheduled due after their own wait from now.

        A job counts as such if it was scheduled more than ``CLOCK_SKEW`` after ``now``. Without
        this, a clock that is set back would leave the webhook silent for as long.

        Returns:
            The number of jobs changed.

        Raises:
            Unavailable: some jobs may be unchanged; repeat the call.
        """
        ...


class ScannedJobs(WebhookJobs, Protocol):
    """Jobs that are created by reading the feed, with the position that the scan has reached."""

    def scanned_seq(self) -> int:
        """Return the last ``seq`` up to which jobs have been created."""
        ...

    def enqueue_scanned(
        self,
        recipients: "Sequence[tuple[Change, Sequence[str]]]",
        *,
        up_to_seq: int,
        at: datetime,
    ) -> None:
        """Create a job for each change and webhook id, and advance ``scanned_seq``.

        All or nothing. Each pair is enqueued as by ``enqueue``; unknown webhooks are skipped, and
        ``scanned_seq`` never moves back.

        Raises:
            Unavailable: nothing was written.
        """
        ...


# A wake-up comes back for a job that becomes due within so many seconds. A queue holds a bounded
# number of such messages; a job that waits for longer gets a new one from ``requeue_overdue``.
WAKE_UP_WAIT_MAX_S = 900


class WakeUps(Protocol):
    """The messages that start deliveries where no worker waits for jobs to become due."""

    def send_wakeups(self, keys: Sequence[JobKey]) -> None:
        """Send one message per job, to be received now, in any order.

        Each message is received at least once, and again until its job is done or waits for
        longer than ``WAKE_UP_WAIT_MAX_S``.

        Raises:
            Unavailable: some messages may not have been sent; send all of them again.
        """
        ...


class WakingJobs(WebhookJobs, Protocol):
    """Jobs that each have a wake-up while they are due, or soon will be."""

    def due_keys(self, webhook_id: str, limit: int) -> Sequence[JobKey]:
        """Return the keys of the jobs that are due now, as ``due`` orders them."""
        ...

    def requeue_overdue(self, webhook_id: str, limit: int) -> int:
        """Send wake-ups for due jobs whose own wake-up has not led to an attempt.

        Returns:
            The number of wake-ups sent.

        Raises:
            Unavailable: some wake-ups may not have been sent.
        """
        ...


class JobsListener(Protocol):
    """A component that is notified when a webhook or its jobs change."""

    def jobs_changed(self) -> None:
        """Look for due jobs again: there may be new ones, or a failing receiver was repaired."""
        ...


class WebhookSender(Protocol):
    """An HTTP client for URLs that callers register; it reaches public addresses only."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        """POST the body (≤ 128 KB) to an http or https URL, once; blocks for up to 15 s.

        Resolving the host's name is not part of these 15 s: the system sets its own limit.

        Never raises for what the receiver does or is: the result says so. Redirects are not
        followed, no proxy is used, and an address that is not public is not connected to unless
        the deployment allows it.
        """
        ...
