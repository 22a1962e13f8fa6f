"""A job, one change to deliver to one webhook, and the ways in which an attempt can end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

# How long a delivered or given-up job stays stored: longer than any change can be enqueued a
# second time, and long enough to find out why something did not arrive.
FINISHED_TTL_S = 30 * 24 * 3600

# The clocks of two machines differ by less; so does one clock from itself after an adjustment.
CLOCK_SKEW = timedelta(minutes=1)


class JobKey(NamedTuple):
    """The identity of a job: there is one for each webhook and change."""

    webhook_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class WebhookJob:
    """A pending job: a committed change to deliver to a webhook.

    ``attempts`` counts the attempts that have failed so far.
    """

    webhook_id: str
    change: "Change"
    created_at: datetime
    next_try_at: datetime
    attempts: int = 0

    @property
    def key(self) -> JobKey:
        """Return the job's identity."""
        return JobKey(self.webhook_id, self.change.after.seq)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was given up undelivered; ``reason`` is that of the last attempt."""

    webhook_id: str
    change: "Change"
    given_up_at: datetime
    attempts: int
    reason: str


# ``internal``: a defect of this service, which the log describes.
PostFailure = Literal[
    "timeout", "unreachable", "unknown_host", "tls", "private_address", "not_http", "internal"
]


@dataclass(frozen=True, slots=True)
class PostResult:
    """The result of one POST: the response's ``status``, or a ``failure`` if there was none.

    ``retry_after_s``: from the response's ``Retry-After`` (RFC 9110, section 10.2.3), never
    negative. ``duration_ms``: how long the POST took.
    """

    status: int | None = None
    failure: PostFailure | None = None
    retry_after_s: float | None = None
    duration_ms: int = 0

    @property
    def ok(self) -> bool:
        """Return whether the receiver has accepted the event (2xx)."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """Return the result in a word or two: ``HTTP 503``, or the failure."""
        return self.failure or f"HTTP {self.status}"
