"""The interfaces behind notifications through a topic; their docstrings are the contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from alerta_utec.notifications.ports import ThrottleStore

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.notifications.throttle_state import HoldReason


class TopicThrottleStore(ThrottleStore, Protocol):
    """A throttle store that also remembers published notifications."""

    def is_published(self, recipient: str, seq: int) -> bool:
        """Tell whether ``mark_published`` was called for a notification that was let through.

        Raises:
            Unavailable.
        """
        ...

    def mark_published(self, recipient: str, seq: int) -> None:
        """Record that the notification was published.

        Raises:
            Unavailable: it may be published again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Digest:
    """One pending e-mail to a topic, about the changes in ``members``."""

    # The reason each member was held, by ``seq``.
    members: "Mapping[int, HoldReason]"
    pending_since: datetime
    # The next attempt, in microseconds since 1970.
    try_at_us: int
    attempts: int

    @property
    def first(self) -> int:
        """Identify the digest within its topic."""
        return min(self.members)


class DigestStore(Protocol):
    """The pending digests of a topic; ``ThrottleStore.release`` adds them."""

    def pending(self, recipient: str, now: datetime) -> Sequence[Digest]:
        """Return due digests in the order of their first members; due as in ``NotificationStore``.

        Raises:
            Unavailable.
        """
        ...

    def claim(self, recipient: str, digest: Digest, until: datetime) -> bool:
        """Reserve the digest for this caller ``until`` then; return False if another was first.

        Raises:
            Unavailable.
        """
        ...

    def mark_sent(self, recipient: str, digest: Digest) -> None:
        """Remove the digest and its members. Idempotent.

        Raises:
            Unavailable: the digest may be sent again.
        """
        ...


class TopicFeed(Protocol):
    """The committed changes that a topic's e-mails are written from."""

    def epoch(self) -> str | None:
        """Return the feed's epoch, or ``None`` before its first change.

        Raises:
            Unavailable.
        """
        ...

    def changes_at(self, seqs: "Sequence[int]") -> "Sequence[Change]":
        """Return the changes with these ``seq``, in that order.

        Raises:
            Unavailable.
        """
        ...

    def changes_before(self, change: "Change") -> "Iterable[Change]":
        """Yield the changes of its incident before ``change``, the newest first, as needed.

        Raises:
            Unavailable: at any step.
        """
        ...
