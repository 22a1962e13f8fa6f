"""The state of the throttle: holds, windows and allowances, and the policy that bounds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class HoldReason(StrEnum):
    """Why a notification is held."""

    # Another one about the same type and place has just left.
    GROUPED = "grouped"
    # The recipient has reached its limit of e-mails.
    LIMIT = "limit"
    # One person has caused several that never wait, in a short time.
    REPORTER = "reporter"


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
    # One person's notifications that never wait: so many at once in ``person_window``; the others
    # leave together, after ``person_wait`` at most.
    person_burst: int = 5
    # The same where no one signs in, and all are one person.
    anonymous_burst: int = 5
    person_window: timedelta = timedelta(minutes=10)
    person_wait: timedelta = timedelta(minutes=1)

    @property
    def interval(self) -> timedelta:
        """Return the time in which one token is earned."""
        return timedelta(hours=1) / self.per_hour

    def longest_hold(self, reason: HoldReason) -> timedelta:
        """Return the longest hold for this reason; a longer one was written by a wrong clock."""
        return {
            HoldReason.GROUPED: self.window,
            HoldReason.LIMIT: self.interval,
            HoldReason.REPORTER: self.person_wait,
        }[reason]


@dataclass(frozen=True, slots=True)
class Window:
    """A group's window: when it ends, and the last ``high`` incident that has left in it."""

    until: datetime
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """A person's allowance: when it is whole again, and how many have left at once meanwhile."""

    until: datetime
    used: int


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
    # The allowances in use, by a digest of the person.
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    # When the notifications beyond an allowance leave.
    together_at: datetime = _LONG_AGO

    def to_json(self) -> dict[str, Any]:
        """Return the stored form, without the version: under 100 KB of JSON."""
        return {
            "fullAt": self.full_at.isoformat(),
            "limited": self.limited,
            "windows": {
                group: [window.until.isoformat(), window.high]
                for group, window in self.windows.items()
            },
            "allowances": {
                person: [one.until.isoformat(), one.used] for person, one in self.allowances.items()
            },
            "togetherAt": self.together_at.isoformat(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], version: int) -> Self:
        """Return the state that ``to_json`` wrote; the input is trusted."""
        return cls(
            version,
            datetime.fromisoformat(data["fullAt"]),
            bool(data["limited"]),
            {
                # Until version 0.1 ``high`` told only whether there was one.
                group: Window(
                    datetime.fromisoformat(until), high if isinstance(high, str) else None
                )
                for group, (until, high) in data["windows"].items()
            },
            {
                person: Allowance(datetime.fromisoformat(until), used)
                for person, (until, used) in data.get("allowances", {}).items()
            },
            datetime.fromisoformat(data["togetherAt"]) if "togetherAt" in data else _LONG_AGO,
        )

    def at(self, now: datetime, policy: ThrottlePolicy) -> Self:
        """Return the state ``now`` under ``policy``, whatever clock and policy wrote it.

        What ends too far ahead was left by a clock that has been set back; it goes.
        """
        full_at = min(max(self.full_at, now), now + policy.burst * policy.interval)
        latest = now + policy.window
        windows = {name: one for name, one in self.windows.items() if one.until <= latest}
        refilled = now + policy.person_window
        allowances = {name: one for name, one in self.allowances.items() if one.until <= refilled}
        together_at = self.together_at if self.together_at <= now + policy.person_wait else now
        return replace(
            self,
            full_at=full_at,
            windows=windows,
            allowances=allowances,
            together_at=together_at,
        )

    def free_at(self, now: datetime, policy: ThrottlePolicy) -> datetime:
        """Return when a token is available: ``now``, or later."""
        return max(self.full_at - (policy.burst - 1) * policy.interval, now)

    def taken(self, now: datetime, policy: ThrottlePolicy) -> Self:
        """Return the state with one token less, if one is available."""
        if self.free_at(now, policy) > now:
            return self
        return replace(self, full_at=self.full_at + policy.interval)
