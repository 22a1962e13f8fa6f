"""Throttling of notifications, as pure functions: which leave at once, and which together.

Each recipient (on AWS: each topic) has a ``ThrottleState``, which is all that a decision depends
on. A store must save the new state together with the decision in one atomic write, conditional
on the version that was read. Otherwise two concurrent decisions could both send what should be
one e-mail, or a crash could lose a held notification.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.rules import folded
from alerta_utec.notifications.throttle_state import (
    Allowance,
    Held,
    Hold,
    HoldReason,
    ThrottlePolicy,
    ThrottleState,
    Window,
)

# Above this number the oldest windows are dropped; their notifications are no longer grouped.
WINDOWS_MAX = 500
# Above this number the oldest allowances are dropped.
ALLOWANCES_MAX = 500
# A release is stored in one transaction, and DynamoDB's has 100 actions at most: the state, these
# digests, and the one of all that has waited for a token.
DIGESTS_MAX = 90


def group_of(change: Change) -> str:
    """Return the group of a notification: type and place as rules compare them; drills apart."""
    incident = change.after
    parts = (folded(incident.type), folded(incident.location), str(incident.drill))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def last_high_in_window(
    state: ThrottleState, change: Change, now: datetime, policy: ThrottlePolicy
) -> str | None:
    """Return the last ``high`` incident that left in the window of a new one's group, if any."""
    if change.before is not None or change.after.urgency is not Urgency.HIGH:
        return None
    window = _open_windows(state.at(now, policy), change, now).get(group_of(change))
    return None if window is None else window.high


def admit(
    state: ThrottleState,
    change: Change,
    now: datetime,
    policy: ThrottlePolicy,
    *,
    high_is_open: bool = True,
) -> tuple[ThrottleState, Hold | None]:
    """Decide whether the notification about ``change`` leaves at once (``None``) or is held.

    A window opens with a group's first report, at the time of that report, so that a late
    decision groups as a prompt one would; a resolution ends it. Never held, within the allowance
    of one person: a ``high`` report while no other ``high`` one of the group that has left in the
    window is open, a rise in urgency, an all-clear. They take a token only if nothing held is
    waiting for it, so that held notifications still leave on time.

    Args:
        high_is_open: whether the incident of ``last_high_in_window`` is still open and ``high``.
    """
    state = state.at(now, policy)
    windows, group = _open_windows(state, change, now), group_of(change)
    if change.resolves():
        windows.pop(group, None)
    state = replace(state, windows=windows)
    if change.before is not None:
        return _exempt(state, change, now, policy)
    high, window = change.after.urgency is Urgency.HIGH, windows.get(group)
    if window is not None and not (high and (window.high is None or not high_is_open)):
        return state, Hold(HoldReason.GROUPED, window.until)
    until = window.until if window else min(change.at, now) + policy.window
    latest = {**windows, group: Window(until, change.incident_id if high else None)}
    opened = replace(state, windows=dict(list(latest.items())[-WINDOWS_MAX:]))
    if high:
        admitted, hold = _exempt(opened, change, now, policy)
        # What has not left opens no window.
        return (admitted if hold is None else replace(admitted, windows=state.windows)), hold
    free_at = opened.free_at(now, policy)
    if free_at <= now and not opened.limited:
        return opened.taken(now, policy), None
    return replace(opened, limited=True), Hold(HoldReason.LIMIT, free_at)


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
    everything else that does, and all of that leaves as one digest. What exceeded the allowance
    of one person leaves as one digest when its wait ends, and needs no token. Beyond
    ``DIGESTS_MAX`` digests, windows that have ended wait for the next call.
    """
    state = state.at(now, policy)
    groups: dict[str, list[int]] = {}
    waiting: list[int] = []
    exempt: list[int] = []
    for one in sorted(held, key=lambda each: each.seq):
        if one.hold.reason is HoldReason.LIMIT:
            waiting.append(one.seq)
        elif one.hold.reason is HoldReason.REPORTER:
            if not now < one.hold.until <= now + policy.person_wait:
                exempt.append(one.seq)
        elif not now < one.hold.until <= now + policy.window:
            groups.setdefault(one.group, []).append(one.seq)
    digests: list[Sequence[int]] = [exempt] if exempt else []
    for group in groups.values():
        if len(digests) == DIGESTS_MAX:
            break
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


def _open_windows(state: ThrottleState, change: Change, now: datetime) -> dict[str, Window]:
    at = min(change.at, now)
    return {name: one for name, one in state.windows.items() if at < one.until}


def _exempt(
    state: ThrottleState, change: Change, now: datetime, policy: ThrottlePolicy
) -> tuple[ThrottleState, Hold | None]:
    """Let a notification through that never waits, within its person's allowance."""
    person = _counted_person(change)
    if person is not None:
        at = min(change.at, now)
        allowances = {name: one for name, one in state.allowances.items() if at < one.until}
        mine = allowances.get(person, Allowance(at + policy.person_window, 0))
        burst = policy.anonymous_burst if change.by is None else policy.person_burst
        if mine.used >= burst:
            together_at = state.together_at
            if together_at <= now:
                together_at = now + policy.person_wait
            state = replace(state, allowances=allowances, together_at=together_at)
            return state, Hold(HoldReason.REPORTER, together_at)
        allowances[person] = replace(mine, used=mine.used + 1)
        kept = dict(list(allowances.items())[-ALLOWANCES_MAX:])
        state = replace(state, allowances=kept)
    return (state if state.limited else state.taken(now, policy)), None


def _counted_person(change: Change) -> str | None:
    """Return a digest of the change's author; ``None`` for staff, who have no allowance.

    Where no one signs in, all are one person. An updated incident's author is staff wherever
    people sign in. All-clears have an allowance apart, so that they use up no report's.
    """
    staff = change.after.reported_by_staff if change.before is None else change.by is not None
    if staff:
        return None
    name = f"{'resolved' if change.resolves() else 'escalated'}\n{change.by or ''}"
    return hashlib.sha256(name.encode()).hexdigest()[:16]
