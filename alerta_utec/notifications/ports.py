"""What notices need from outside, besides ``ports``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.delivery import Delivery
    from alerta_utec.notifications.throttle import Gate, Held, Hold, Released


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a notice to one recipient, and the gate after it.

    ``hold`` is none where it leaves at once. ``gate.version`` is the one that was read.
    """

    gate: "Gate"
    hold: "Hold | None"


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is remembered, by recipient: every gate, and what was ``decided`` about a notice."""

    gates: "Mapping[str, Gate]"
    decided: "Mapping[str, Hold | None]"


class StormMemory(Protocol):
    """What ``app.storms`` remembers. Several may use it at once; reads are strongly consistent."""

    def recall(self, seq: int, recipients: Sequence[str]) -> Recalled:
        """The gates of ``recipients`` (``Gate()`` where there is none yet), and what has been
        decided already about the notice of the change ``seq`` to each of them.

        Raises:
            Unavailable.
        """
        ...

    def keep(self, seq: int, group: str, decisions: Mapping[str, Decision]) -> None:
        """Keep what was decided about one notice, by recipient, all or nothing.

        Each gate is stored with the next version. A notice that is held is in ``held`` from now
        on; one that is not is owed, until its e-mail is sent.

        Raises:
            Conflict: a gate is no longer at its version, or something was decided about the
                notice meanwhile; recall it and decide again.
            Unavailable: nothing was kept, or it is not known whether it was.
        """
        ...

    def held(self, recipient: str) -> "tuple[Gate, Sequence[Held]]":
        """The gate, and everything that is held for the recipient, in ``seq`` order.

        Raises:
            Unavailable.
        """
        ...

    def release(self, recipient: str, released: "Released") -> None:
        """Keep that parcels leave and that holds change, all or nothing, with the gate.

        Each parcel is one e-mail that is owed from now on; its members are held no more. There
        may be thousands: a store whose transactions are small keeps the parcel in one piece, and
        leaves its members out of ``held`` by that. ``released.holds`` are for the record alone:
        what the limit holds is in ``held`` whatever its ``until`` has become.

        Raises:
            Conflict: the gate is no longer at its version; read it and decide again.
            Unavailable: nothing was kept, or it is not known whether it was.
        """
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """One e-mail that is owed to a recipient, about one or more changes in ``seq`` order.

    ``owed_since``: when it came to be owed; ``attempts`` have been made so far.
    """

    recipient: str
    changes: "Sequence[Change]"
    owed_since: datetime
    attempts: int = 0

    @property
    def name(self) -> tuple[str, int]:
        """What no other has: its recipient, and the ``seq`` of its first change."""
        return self.recipient, self.changes[0].after.seq


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about one notice, as the arguments of ``StormMemory.keep``."""

    seq: int
    group: str
    decisions: Mapping[str, Decision]


class Notices(StormMemory, Protocol):
    """What each recipient is owed and has got, on one machine.

    A change that calls for notices is written with its commit; ``keep_all`` and ``nobody`` take it
    off ``unrouted`` in the transaction in which they write what becomes of it. Every method raises
    ``Unavailable`` where the store cannot be read or written.
    """

    def unrouted(self, limit: int) -> "Sequence[Change]":
        """Changes for whose notices nothing has been decided, the oldest first."""
        ...

    def keep_all(self, several: Sequence[Decided]) -> None:
        """As ``keep``, one after another, and all or nothing: each gate follows the one before."""
        ...

    def nobody(self, changes: "Sequence[Change]", *, at: datetime) -> None:
        """No rule matches: nobody gets a notice of these, and the record says so."""
        ...

    def releasable(self, now: datetime) -> Sequence[str]:
        """Recipients for whom something is held whose time has come."""
        ...

    def next_release(self) -> datetime | None:
        """When the next hold ends; none where nothing is held."""
        ...

    def owed(self, recipients: Collection[str], now: datetime, limit: int) -> Sequence[Parcel]:
        """E-mails to any of these whose time has come, the longest owed first."""
        ...

    def next_try(self, recipients: Collection[str]) -> datetime | None:
        """When the next e-mail to any of these is due; none where nothing is owed to them."""
        ...

    def sent(self, parcel: Parcel, *, at: datetime) -> None:
        """It is done. Repeating it changes nothing."""
        ...

    def postpone(self, parcel: Parcel, *, at: datetime, until: datetime, reason: str) -> None:
        """One more attempt has failed, because of ``reason`` (no address, no secret)."""
        ...

    def give_up(self, parcel: Parcel, *, at: datetime, reason: str) -> None:
        """It ends unsent after one more attempt; it stays on record with its ``reason``."""
        ...

    def drop_others(self, recipients: Collection[str], *, at: datetime, reason: str) -> int:
        """Give up whatever is held for or owed to anybody else; how many notices that were."""
        ...

    def for_incident(self, incident_id: str) -> "Sequence[Delivery]":
        """The record of the incident's e-mails, by revision; see ``domain.notice``."""
        ...
