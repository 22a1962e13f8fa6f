"""The throttle: decides which notifications leave at once, over stored state."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.domain.values import Status, Urgency, format_time
from alerta_utec.notifications.ports import (
    ChangeDecisions,
    Decision,
    IncidentStates,
    NotificationStore,
    ThrottleStore,
)
from alerta_utec.notifications.throttle import admit, group_of, last_high_in_window, release
from alerta_utec.notifications.throttle_state import Hold, ThrottlePolicy, ThrottleState
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

TRIES_MAX = 20
PAUSE_MAX_S = 0.2
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Throttle:
    """Decides which notifications leave at once and which leave together; used everywhere.

    Each decision is made once: asked again after a crash, the answer is the same. Of several
    concurrent callers, the second decides again on top of the first.
    """

    store: ThrottleStore
    incidents: IncidentStates
    clock: Clock
    policy: ThrottlePolicy = field(default_factory=ThrottlePolicy)

    def admit(self, change: Change, recipients: Sequence[str]) -> Mapping[str, Hold | None]:
        """Decide about a committed change; return the hold by recipient, ``None`` to send now.

        Raises:
            Unavailable: not decided, or the outcome is unknown; repeat the call.
        """
        return _retry_conflicts(lambda: self._admit(change, recipients))

    def release(self, recipient: str) -> Sequence[Sequence[int]]:
        """Release the notifications whose hold has ended; return the ``seq`` of each digest.

        Raises:
            Unavailable: not decided, or the outcome is unknown; repeat the call.
        """
        return _retry_conflicts(lambda: self._release(recipient))

    def _admit(self, change: Change, recipients: Sequence[str]) -> Mapping[str, Hold | None]:
        seq, now = change.after.seq, self.clock.now()
        snapshot = self.store.load(seq, recipients)
        decisions = {
            recipient: self._decide(snapshot.states[recipient], change, now)
            for recipient in recipients
            if recipient not in snapshot.decided
        }
        if decisions:
            self.store.save(seq, group_of(change), decisions)
        return {**snapshot.decided, **{name: one.hold for name, one in decisions.items()}}

    def _decide(self, state: ThrottleState, change: Change, now: datetime) -> Decision:
        last_high = last_high_in_window(state, change, now, self.policy)
        high_is_open = last_high is not None and self._was_high(last_high, change)
        return Decision(*admit(state, change, now, self.policy, high_is_open=high_is_open))

    def _was_high(self, incident_id: str, change: Change) -> bool:
        """Tell whether the incident was open and ``high`` when ``change`` was committed."""
        incident = self.incidents.before(incident_id, change.after.seq)
        return (
            incident is not None
            and incident.urgency is Urgency.HIGH
            and incident.status is not Status.RESUELTO
        )

    def _release(self, recipient: str) -> Sequence[Sequence[int]]:
        state, held = self.store.held(recipient)
        released = release(state, held, self.clock.now(), self.policy)
        if released.digests or released.holds:
            self.store.release(recipient, released)
        return released.digests


@dataclass(frozen=True)
class BatchThrottle(Throttle):
    """A throttle that decides about many changes at once and stores the decisions in one write."""

    store: NotificationStore

    def admit_all(self, batch: Sequence[tuple[Change, Sequence[str]]]) -> None:
        """Decide about each change and its recipients in order, as ``admit``.

        Raises:
            Unavailable: nothing was decided, or the outcome is unknown; repeat the call.
        """
        _retry_conflicts(lambda: self._admit_all(batch))

    def _admit_all(self, batch: Sequence[tuple[Change, Sequence[str]]]) -> None:
        now = self.clock.now()
        states: dict[str, ThrottleState] = {}
        several: list[ChangeDecisions] = []
        for change, recipients in batch:
            snapshot = self.store.load(change.after.seq, recipients)
            decisions = {}
            for name in recipients:
                if name not in snapshot.decided:
                    before = states.get(name, snapshot.states[name])
                    decisions[name] = decided = self._decide(before, change, now)
                    states[name] = replace(decided.state, version=decided.state.version + 1)
            several.append(ChangeDecisions(change.after.seq, group_of(change), decisions))
        self.store.save_all(several)
        for (change, _), saved in zip(batch, several, strict=True):
            for decision in saved.decisions.values():
                if decision.hold is not None:
                    log.info("notification_held", extra=hold_fields(change, decision.hold))


def hold_fields(change: Change, hold: Hold) -> dict[str, str]:
    """Return the log fields of a hold."""
    return {
        **change.log_fields(),
        "reason": hold.reason.value,
        "until": format_time(hold.until),
    }


def _retry_conflicts(decide: Callable[[], Outcome]) -> Outcome:
    for _ in range(TRIES_MAX):
        try:
            return decide()
        except Conflict:
            time.sleep(random.uniform(0, PAUSE_MAX_S))  # noqa: S311 (jitter, no secret)
    raise Unavailable("notifications: too many concurrent decisions")
