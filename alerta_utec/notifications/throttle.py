"""What is sent at once, and what is held and sent together: pure decisions about notices.

Each recipient (on AWS: each topic) has a ``Gate``, which is all that these decisions remember.
Whoever stores it keeps, in one atomic write and only where the gate is still at the version that
was read, the new gate with what was decided by it: else two that decide at once would both send
what should be one, or a crash would forget what is held.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.rules import folded

# More than this at once, and the oldest windows are forgotten: those notices are not grouped.
WINDOWS_MAX = 1000
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Because(StrEnum):
    """Why a notice is held."""

    # Others about the same type and place went out moments before.
    GROUPED = "grouped"
    # The recipient has had as many as it should in a while.
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Hold:
    """A notice is not sent by itself: it leaves with others, not before ``until``.

    ``until`` is the end of the group's window, or when there may be a token again; it may be past.
    """

    because: Because
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A notice that is held for a recipient: its change's ``seq``, its group, and the hold."""

    seq: int
    group: str
    hold: Hold


@dataclass(frozen=True, slots=True)
class Measure:
    """How much a recipient should have: ``burst`` e-mails at once, then ``per_hour``.

    ``window``: for how long those about the same type and place are held after the first.
    """

    window: timedelta = timedelta(minutes=5)
    burst: int = 20
    per_hour: int = 20

    @property
    def interval(self) -> timedelta:
        """The time that makes one token."""
        return timedelta(hours=1) / self.per_hour


@dataclass(frozen=True, slots=True)
class Window:
    """A group's window: until when its notices are held, and whether a ``high`` one went out."""

    until: datetime
    high: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """What is remembered of one recipient; ``Gate()`` for one that is new.

    ``version`` counts the writes: whoever stores it adds one. ``full_at``: when its bucket of
    tokens will be full again (the generic cell rate algorithm; one moment says it all).
    ``limited``: notices are held for want of a token, and later ones queue up behind them.
    """

    version: int = 0
    full_at: datetime = _LONG_AGO
    limited: bool = False
    windows: Mapping[str, Window] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a store keeps it, without the version: under 100 KB of JSON."""
        return {
            "fullAt": self.full_at.isoformat(),
            "limited": self.limited,
            "windows": {
                group: [window.until.isoformat(), window.high]
                for group, window in self.windows.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], version: int) -> Self:
        """The gate that ``to_json`` wrote; trusts its source."""
        return cls(
            version,
            datetime.fromisoformat(data["fullAt"]),
            bool(data["limited"]),
            {
                group: Window(datetime.fromisoformat(until), bool(high))
                for group, (until, high) in data["windows"].items()
            },
        )

    def at(self, now: datetime, measure: Measure) -> Self:
        """The gate as it is ``now``, whatever clock and measure it was written by.

        Windows of a future that a clock set back has left are gone.
        """
        full_at = min(max(self.full_at, now), now + measure.burst * measure.interval)
        latest = now + measure.window
        windows = {name: one for name, one in self.windows.items() if one.until <= latest}
        return replace(self, full_at=full_at, windows=windows)

    def free_at(self, now: datetime, measure: Measure) -> datetime:
        """When there is a token: ``now``, or later."""
        return max(self.full_at - (measure.burst - 1) * measure.interval, now)

    def taken(self, now: datetime, measure: Measure) -> Self:
        """One token less, where there is one."""
        if self.free_at(now, measure) > now:
            return self
        return replace(self, full_at=self.full_at + measure.interval)


def group_of(change: Change) -> str:
    """What notices are grouped by: type and place, as rules compare them; drills apart."""
    incident = change.after
    parts = (folded(incident.type), folded(incident.location), str(incident.drill))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def admit(gate: Gate, change: Change, now: datetime, measure: Measure) -> tuple[Gate, Hold | None]:
    """Whether the notice about ``change`` leaves at once (none) or is held.

    A window opens with a group's first report, at the time of the report, so that what is
    decided late is grouped as it would have been. Never held: the first ``high`` report of a
    window, a rise of the urgency, an all-clear; they take a token where there is one that
    nothing held is waiting for, so that what is held leaves in time whatever else does.
    """
    gate, at = gate.at(now, measure), min(change.at, now)
    windows = {name: one for name, one in gate.windows.items() if at < one.until}
    gate = replace(gate, windows=windows)
    if change.before is not None:
        return _exempt(gate, now, measure), None
    group, high = group_of(change), change.after.urgency is Urgency.HIGH
    window = windows.get(group)
    if window is not None and (window.high or not high):
        return gate, Hold(Because.GROUPED, window.until)
    windows[group] = Window(window.until if window else at + measure.window, high)
    gate = replace(gate, windows=dict(list(windows.items())[-WINDOWS_MAX:]))
    free_at = gate.free_at(now, measure)
    if high:
        return _exempt(gate, now, measure), None
    if free_at <= now and not gate.limited:
        return gate.taken(now, measure), None
    return replace(gate, limited=True), Hold(Because.LIMIT, free_at)


@dataclass(frozen=True, slots=True)
class Released:
    """What becomes of held notices: ``parcels`` of ``seq`` leave, each as one; ``holds`` change.

    ``at``: when it was decided.
    """

    gate: Gate
    at: datetime
    parcels: Sequence[Sequence[int]]
    holds: Mapping[int, Hold]


def release(gate: Gate, held: Iterable[Held], now: datetime, measure: Measure) -> Released:
    """What leaves now, of what is ``held`` for one recipient.

    ``held`` is all that is, but for what is grouped and whose window has not ended.
    What a window has held leaves together when it ends, for one token. Where there is none, it
    waits for one with everything else that does, and all of that leaves together.
    """
    gate = gate.at(now, measure)
    groups: dict[str, list[int]] = {}
    waiting: list[int] = []
    for one in sorted(held, key=lambda each: each.seq):
        if one.hold.because is Because.LIMIT:
            waiting.append(one.seq)
        elif not now < one.hold.until <= now + measure.window:
            groups.setdefault(one.group, []).append(one.seq)
    parcels: list[Sequence[int]] = []
    for group in groups.values():
        if waiting or gate.free_at(now, measure) > now:
            waiting += group
        else:
            parcels.append(group)
            gate = gate.taken(now, measure)
    free_at = gate.free_at(now, measure)
    if waiting and free_at <= now:
        parcels.append(sorted(waiting))
        waiting, gate = [], gate.taken(now, measure)
    holds = {seq: Hold(Because.LIMIT, free_at) for seq in waiting}
    return Released(replace(gate, limited=bool(waiting)), now, parcels, holds)


def _exempt(gate: Gate, now: datetime, measure: Measure) -> Gate:
    return gate if gate.limited else gate.taken(now, measure)
