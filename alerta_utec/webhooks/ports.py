"""What webhooks need from outside: roles, and what whoever plays one must keep to.

As in ``ports``, every method is synchronous and may be called from several threads at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from alerta_utec.webhooks.model import Webhook

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

# What has been delivered or given up stays on record for so long: longer than any change may
# come to be planned a second time, and long enough to see why something did not arrive.
FINISHED_TTL_S = 30 * 24 * 3600


class Webhooks(Protocol):
    """The webhooks that there are: a hundred at most, so that all of them can be looked at."""

    def all(self) -> Sequence[Webhook]:
        """Every webhook, the oldest first; consistent with every ``save`` that has returned.

        Raises:
            Unavailable.
        """
        ...

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook as last saved; none where it is not known.

        Raises:
            Unavailable.
        """
        ...

    def save(self, webhook: Webhook) -> None:
        """Add the webhook (its ``revision`` is 1), or put it in the place of the version before.

        Raises:
            Conflict: what is kept is not the version before: ``revision - 1``, or nothing for 1.
            Unavailable: it is not known whether it was saved.
        """
        ...

    def delete(self, webhook_id: str) -> None:
        """Forget the webhook; nothing happens where it is not known.

        Its jobs, those given up too, are gone with it, or are at least never tried again.

        Raises:
            Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class WebhookJob:
    """A committed change that is owed to a webhook; ``attempts`` have been made so far."""

    webhook_id: str
    change: "Change"
    created_at: datetime
    next_try_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A change that a webhook was not told of in the end; ``reason`` is that of the last try."""

    webhook_id: str
    change: "Change"
    given_up_at: datetime
    attempts: int
    reason: str


class WebhookJobs(Protocol):
    """What is owed to webhooks: one job for each webhook and change, by its ``seq``.

    A job is owed until it is delivered or given up; then it stays for ``FINISHED_TTL_S``, so
    that to owe it again does nothing.
    """

    def owe(self, change: "Change", webhook_ids: Sequence[str], *, at: datetime) -> None:
        """Owe the change to each of these webhooks, due ``at`` once; repeating does nothing.

        Raises:
            Unavailable: it may be owed to some; repeat it.
        """
        ...

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        """The job as it is now (strongly consistent); none where it is not owed (any more).

        Raises:
            Unavailable.
        """
        ...

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        """Jobs of the webhook whose time has come, the oldest change first.

        May lag behind by moments on a store that is shared.

        Raises:
            Unavailable.
        """
        ...

    def next_at(self, webhook_id: str) -> datetime | None:
        """When the webhook's next job is due; none where nothing is owed. May lag as ``due``.

        Raises:
            Unavailable.
        """
        ...

    def delivered(self, job: WebhookJob, *, at: datetime) -> None:
        """The receiver has it. Nothing happens where the job is not owed any more.

        Raises:
            Unavailable: it may still be owed.
        """
        ...

    def postpone(self, job: WebhookJob, *, until: datetime, reason: str) -> None:
        """One more attempt has failed, because of ``reason`` (no address, no secret).

        Nothing happens where the job is not owed any more, or others have tried it meanwhile
        (its ``attempts`` are not those of ``job``).

        Raises:
            Unavailable: it may not be written.
        """
        ...

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        """The job ends undelivered after so many ``attempts`` in all, as a dead letter.

        Nothing happens where ``postpone`` says so.

        Raises:
            Unavailable: it may still be owed.
        """
        ...

    def given_up(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        """The webhook's dead letters, the newest change first. May lag as ``due``.

        Raises:
            Unavailable.
        """
        ...

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        """Have all that the webhook has not got tried ``at`` once.

        Its dead letters are owed again, with no attempts made; what waits for a later try waits
        no longer, and its attempts go on counting.

        Returns:
            How many jobs that are.

        Raises:
            Unavailable: some may be as they were; repeat it.
        """
        ...


class WebhookPlan(Protocol):
    """How far the feed has been looked at for whom to tell, where nobody brings the changes."""

    def planned_seq(self) -> int:
        """Up to which ``seq`` every change is owed to whom it concerns.

        Raises:
            Unavailable.
        """
        ...

    def plan(
        self,
        owed: "Sequence[tuple[Change, Sequence[str]]]",
        *,
        up_to_seq: int,
        at: datetime,
    ) -> None:
        """Owe each change to these webhooks, as ``WebhookJobs.owe``, and move ``planned_seq``.

        All or nothing. Webhooks that are not known (any more) are left out.

        Raises:
            Unavailable: nothing was written.
        """
        ...


# ``internal``: a defect of ours, which the log has.
NoAnswer = Literal[
    "timeout", "unreachable", "unknown_host", "tls", "private_address", "not_http", "internal"
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one POST: a ``status``, or else why there was ``none``.

    ``retry_after_s``: of the answer's ``Retry-After`` (RFC 9110, section 10.2.3), never negative.
    ``ms``: how long it took.
    """

    status: int | None = None
    none: NoAnswer | None = None
    retry_after_s: float | None = None
    ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether the receiver has taken it (2xx)."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """``HTTP 503``, or why there was no answer."""
        return self.none or f"HTTP {self.status}"


class WebhookSender(Protocol):
    """Posts to whatever URL somebody has registered, and to no address that it must not."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST the body (≤ 128 KB) to an http or https URL; blocks for up to 15 s.

        To resolve the host's name may take longer, as long as the system takes.

        Never raises for what the receiver does or is: that is the ``Answer``. Redirects are
        not followed; an address that is not public is not connected to, unless that is
        allowed; no proxy is asked. Tries once.
        """
        ...
