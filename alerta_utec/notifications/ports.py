"""The stores of notifications that the wing depends on; their docstrings are the contract."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.delivery import Delivery
    from alerta_utec.domain.incident import Incident
    from alerta_utec.notifications.throttle import Released
    from alerta_utec.notifications.throttle_state import Held, Hold, HoldReason, ThrottleState


# The longest wait between two attempts of one e-mail.
RETRY_WAIT_MAX = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about a notification to one recipient, and the throttle state after it.

    ``hold`` is ``None`` if the notification leaves at once. ``state.version`` is the version
    that was read.
    """

    state: "ThrottleState"
    hold: "Hold | None"


@dataclass(frozen=True, slots=True)
class ChangeDecisions:
    """The decisions about one change, as the arguments of ``ThrottleStore.save``."""

    seq: int
    group: str
    decisions: Mapping[str, Decision]


@dataclass(frozen=True, slots=True)
class ThrottleSnapshot:
    """Throttle state by recipient, and earlier decisions about one change by recipient."""

    states: "Mapping[str, ThrottleState]"
    decided: "Mapping[str, Hold | None]"


class IncidentStates(Protocol):
    """The states of incidents at a place in the feed."""

    def before(self, incident_id: str, seq: int) -> "Incident | None":
        """Return the incident as it was before the change at ``seq``; ``None`` before its creation.

        Raises:
            Unavailable.
        """
        ...


class ThrottleStore(Protocol):
    """The state of the throttle. Reads are strongly consistent; callers may run concurrently."""

    def load(self, seq: int, recipients: Sequence[str]) -> ThrottleSnapshot:
        """Return the state of each recipient, and the decisions already made about ``seq``.

        A recipient without state has ``ThrottleState()``.

        Raises:
            Unavailable.
        """
        ...

    def save(self, seq: int, group: str, decisions: Mapping[str, Decision]) -> None:
        """Store the decisions about one change, by recipient, all or nothing.

        Each state is stored with the next version. From now on a held notification is in
        ``held``; any other is pending until its e-mail is sent.

        Raises:
            Conflict: a state has moved on from its version, or the change was decided
                meanwhile; load and decide again.
            Unavailable: nothing was stored, or the outcome is unknown.
        """
        ...

    def held(self, recipient: str) -> "tuple[ThrottleState, Sequence[Held]]":
        """Return the recipient's state and all its held notifications in ``seq`` order.

        Raises:
            Unavailable.
        """
        ...

    def release(self, recipient: str, released: "Released") -> None:
        """Store a release and the new state, all or nothing.

        Each digest, of which there are ``DIGESTS_MAX`` and one at most, becomes one pending
        e-mail, and its members leave ``held``. Members may be thousands: a store with small
        transactions keeps the digest as one record and excludes its members from ``held`` because
        of it. ``released.holds`` only serve the record: a
        notification held by the limit stays in ``held`` whatever its ``until``.

        Raises:
            Conflict: the state has moved on from its version; read and decide again.
            Unavailable: nothing was stored, or the outcome is unknown.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One pending e-mail to one recipient, about one or more changes in ``seq`` order."""

    recipient: str
    changes: "Sequence[Change]"
    pending_since: datetime
    # Attempts so far; all of them failed.
    attempts: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """Identify the e-mail: its recipient, and the ``seq`` of its first change."""
        return self.recipient, self.changes[0].after.seq


class NotificationStore(ThrottleStore, Protocol):
    """Notifications and their progress, by recipient, on one machine.

    A change that calls for notifications is enqueued in the transaction that commits it.
    ``save_all`` and ``suppress`` dequeue it in the transaction that stores the decision. Every
    method raises ``Unavailable`` if the store cannot be read or written.
    """

    def unrouted(self, limit: int) -> "Sequence[Change]":
        """Return enqueued changes without a decision, the oldest first."""
        ...

    def save_all(self, several: Sequence[ChangeDecisions]) -> None:
        """Store several decisions in order, as ``save``, all or nothing.

        Each state builds on the one before it.
        """
        ...

    def suppress(self, changes: "Sequence[Change]", *, at: datetime) -> None:
        """Record that no rule names a recipient for these changes."""
        ...

    def recipients_to_release(
        self, now: datetime, longest: "Mapping[HoldReason, timedelta]"
    ) -> Sequence[str]:
        """Return the recipients with a hold that has ended.

        So has one that ends later than the longest for its reason: a wrong clock wrote it.
        """
        ...

    def next_release_at(self) -> datetime | None:
        """Return when the next hold ends, or ``None`` if nothing is held."""
        ...

    def pending(
        self, recipients: Collection[str], now: datetime, limit: int
    ) -> Sequence[OutgoingEmail]:
        """Return due e-mails to these recipients, the longest pending first.

        Due is an e-mail without an attempt, and one whose next attempt is not within
        ``RETRY_WAIT_MAX`` after ``now``: a wrong clock wrote it.
        """
        ...

    def next_attempt_at(self, recipients: Collection[str]) -> datetime | None:
        """Return when the next e-mail to these recipients is due, or ``None`` without any."""
        ...

    def mark_sent(self, email: OutgoingEmail, *, at: datetime) -> None:
        """Record that the e-mail was sent. Idempotent."""
        ...

    def postpone(self, email: OutgoingEmail, *, at: datetime, until: datetime, reason: str) -> None:
        """Record a failed attempt and its ``reason``, which holds no address and no secret."""
        ...

    def give_up(self, email: OutgoingEmail, *, at: datetime, reason: str) -> None:
        """Record a last failed attempt; the e-mail stays on record, unsent."""
        ...

    def abandon_others(self, recipients: Collection[str], *, at: datetime, reason: str) -> int:
        """Give up everything held or pending for other recipients; return the number of
        notifications."""
        ...

    def for_incident(
        self, incident_id: str, revisions: range | None = None
    ) -> "Sequence[Delivery]":
        """Return the record of the incident's e-mails by revision; see ``record.summary``.

        ``revisions`` as for ``Deliveries``.
        """
        ...
