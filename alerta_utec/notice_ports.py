"""What notices need from outside, besides ``ports``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.storms import Gate, Held, Hold, Released


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
