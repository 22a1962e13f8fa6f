"""Throttling of notifications, as pure functions: which leave at once, and which together.

Each recipient (on AWS: each topic) has a ``ThrottleState``, which is all that a decision depends
on. A store must save the new state together with the decision in one atomic write, conditional
on the version that was read. Otherwise two concurrent decisions could both send what should be
one e-mail, or a crash could lose a held notification.
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

# Above this number the oldest windows are dropped; their notifications are no longer grouped.
WINDOWS_MAX = 1000
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class HoldReason(StrEnum):
    """Why a notification is held."""

    # Another one about the same type and place has just left.
    GROUPED = "grouped"
    # The recipient has reached its limit of e-mails.
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Hold:
    """A notification waits to leave together with others, not before ``until``.

    ``until`` is the end of the group's window, or when the next token is due; it may be past.
    """

    reason: HoldReason
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A held notification of one recipient: its change's ``seq``, its group, and the hold."""

    seq: int
    group: str
    hold: Hold


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """The limits for each recipient: ``burst`` e-mails at once, then ``per_hour``."""

    # How long further reports of the same type and place are held after the first.
    window: timedelta = timedelta(minutes=5)
    burst: int = 20
    per_hour: int = 20

    @property
    def interval(self) -> timedelta:
        """Return the time in which one token is earned."""
        return timedelta(hours=1) / self.per_hour


@dataclass(frozen=True, slots=True)
class Window:
    """A group's window: when it ends, and whether a ``high`` report has left in it."""

    until: datetime
    high: bool


@dataclass(frozen=True, slots=True)
class ThrottleState:
    """The throttle's state for one recipient; ``ThrottleState()`` for a new one."""

    # The number of writes; the store adds one to each write.
    version: int = 0
    # When the bucket of tokens will be full again (generic cell rate algorithm).
    full_at: datetime = _LONG_AGO
    # Whether notifications wait for a token; later ones then queue behind them.
    limited: bool = False
    # The open windows by group.
    windows: Mapping[str, Window] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the stored form, without the version: under 100 KB of JSON."""
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
        """Return the state that ``to_json`` wrote; the input is trusted."""
        return cls(
            version,
            datetime.fromisoformat(data["fullAt"]),
            bool(data["limited"]),
            {
                group: Window(datetime.fromisoformat(until), bool(high))
                for group, (until, high) in data["windows"].items()
            },
        )

    def at(self, now: datetime, policy: ThrottlePolicy) -> Self:
        """Return the state ``now`` under ``policy``, whatever clock and policy wrote it.

        Windows that end too far ahead were left by a clock that has been set back; they go.
        """
        full_at = min(max(self.full_at, now), now + policy.burst * policy.interval)
        latest = now + policy.window
        windows = {name: one for name, one in self.windows.items() if one.until <= latest}
        return replace(self, full_at=full_at, windows=windows)

    def free_at(self, now: datetime, policy: ThrottlePolicy) -> datetime:
        """Return when a token is available: ``now``, or later."""
        return max(self.full_at - (policy.burst - 1) * policy.interval, now)

    def taken(self, now: datetime, policy: ThrottlePolicy) -> Self:
        """Return the state with one token less, if one is available."""
        if self.free_at(now, policy) > now:
            return self
        return replace(self, full_at=self.full_at + policy.interval)


def group_of(change: Change) -> str:
    """Return the group of a notification: type and place as rules compare them; drills apart."""
    incident = change.after
    parts = (folded(incident.type), folded(incident.location), str(incident.drill))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def admit(
    state: ThrottleState, change: Change, now: datetime, policy: ThrottlePolicy
) -> tuple[ThrottleState, Hold | None]:
    """Decide whether the notification about ``change`` leaves at once (``None``) or is held.

    A window opens with a group's first report, at the time of that report, so that a late
    decision groups as a prompt one would. Never held: the first ``high`` report of a window, a
    rise in urgency, an all-clear. They take a token only if nothing held is waiting for it, so
    that held notifications still leave on time.
    """
    state, at = state.at(now, policy), min(change.at, now)
    windows = {name: one for name, one in state.windows.items() if at < one.until}
    state = replace(state, windows=windows)
    if change.before is not None:
        return _exempt(state, now, policy), None
    group, high = group_of(change), change.after.urgency is Urgency.HIGH
    window = windows.get(group)
    if window is not None and (window.high or not high):
        return state, Hold(HoldReason.GROUPED, window.until)
    windows[group] = Window(window.until if window else at + policy.window, high)
    state = replace(state, windows=dict(list(windows.items())[-WINDOWS_MAX:]))
    free_at = state.free_at(now, policy)
    if high:
        return _exempt(state, now, policy), None
    if free_at <= now and not state.limited:
        return state.taken(now, policy), None
    return replace(state, limited=True), Hold(HoldReason.LIMIT, free_at)


@dataclass(frozen=True, slots=True)
class Released:
    """A release of held notifications."""

    state: ThrottleState
    at: datetime
    # The ``seq`` of each digest that leaves now.
    digests: Sequence[Sequence[int]]
    # New holds, by ``seq``.
    holds: Mapping[int, Hold]


def release(
    state: ThrottleState, held: Iterable[Held], now: datetime, policy: ThrottlePolicy
) -> Released:
    """Decide what leaves now, of everything ``held`` for one recipient.

    ``held`` may omit grouped notifications whose window has not ended. The members of a window
    leave together when it ends, for one token. Without a token they wait for one together with
    everything else that does, and all of that leaves as one digest.
    """
    state = state.at(now, policy)
    groups: dict[str, list[int]] = {}
    waiting: list[int] = []
    for one in sorted(held, key=lambda each: each.seq):
        if one.hold.reason is HoldReason.LIMIT:
            waiting.append(one.seq)
        elif not now < one.hold.until <= now + policy.window:
            groups.setdefault(one.group, []).append(one.seq)
    digests: list[Sequence[int]] = []
    for group in groups.values():
        if waiting or state.free_at(now, policy) > now:
            waiting += group
        else:
            digests.append(group)
            state = state.taken(now, policy)
    free_at = state.free_at(now, policy)
    if waiting and free_at <= now:
        digests.append(sorted(waiting))
        waiting, state = [], state.taken(now, policy)
    holds = {seq: Hold(HoldReason.LIMIT, free_at) for seq in waiting}
    return Released(replace(state, limited=bool(waiting)), now, digests, holds)


def _exempt(state: ThrottleState, now: datetime, policy: ThrottlePolicy) -> ThrottleState:
    return state if state.limited else state.taken(now, policy)
