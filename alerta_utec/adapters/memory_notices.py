"""The notices to each recipient, in memory."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Conflict
from alerta_utec.notifications.ports import (
    ChangeDecisions,
    Decision,
    OutgoingEmail,
    ThrottleSnapshot,
)
from alerta_utec.notifications.record import NotificationResult, RecipientOutcome, summary
from alerta_utec.notifications.throttle import Held, Hold, Released, ThrottleState


@dataclass(frozen=True, slots=True)
class _Row:
    """A change's notice to one recipient; ``next_at`` is none when all is done."""

    change: Change
    recipient: str
    result: NotificationResult
    at: datetime
    next_at: datetime | None = None
    group: str = ""
    hold: Hold | None = None
    lead: int | None = None
    pending_since: datetime | None = None
    attempts: int = 0
    reason: str | None = None

    @property
    def seq(self) -> int:
        return self.change.after.seq

    @property
    def owed(self) -> bool:
        return self.result in ("pending", "failed")


class MemoryNotifications:
    """``NotificationStore``."""

    def __init__(self) -> None:
        self._unrouted: dict[int, Change] = {}
        self._rows: dict[tuple[int, str], _Row] = {}
        # Those of them that something is still to be done about.
        self._live: dict[tuple[int, str], _Row] = {}
        self._states: dict[str, ThrottleState] = {}
        self._lock = threading.RLock()

    def owe(self, change: Change) -> None:
        """Add the notices of a committed change."""
        with self._lock:
            self._unrouted[change.after.seq] = change

    def unrouted(self, limit: int) -> Sequence[Change]:
        with self._lock:
            return [self._unrouted[seq] for seq in sorted(self._unrouted)[:limit]]

    def suppress(self, changes: Sequence[Change], *, at: datetime) -> None:
        with self._lock:
            for change in changes:
                if self._unrouted.pop(change.after.seq, None):
                    self._put(_Row(change, "", "suppressed", at, reason="no_rule"))

    def load(self, seq: int, recipients: Sequence[str]) -> ThrottleSnapshot:
        with self._lock:
            states = {
                recipient: self._states.get(recipient, ThrottleState()) for recipient in recipients
            }
            kept = [self._rows.get((seq, recipient)) for recipient in recipients]
        decided = {row.recipient: row.hold if _is_held(row) else None for row in kept if row}
        return ThrottleSnapshot(states, decided)

    def save(self, seq: int, group: str, decisions: Mapping[str, Decision]) -> None:
        self.save_all([ChangeDecisions(seq, group, decisions)])

    def save_all(self, several: Sequence[ChangeDecisions]) -> None:
        with self._lock:
            versions = {name: state.version for name, state in self._states.items()}
            for one in several:
                for recipient, decision in one.decisions.items():
                    if versions.get(recipient, 0) != decision.state.version:
                        raise Conflict(recipient)
                    if one.seq not in self._unrouted or (one.seq, recipient) in self._rows:
                        raise Conflict(str(one.seq))
                    versions[recipient] = decision.state.version + 1
            for one in several:
                change = self._unrouted.pop(one.seq)
                for recipient, decision in one.decisions.items():
                    self._save(recipient, decision.state)
                    self._put(_decided(change, recipient, one.group, decision.hold))

    def held(self, recipient: str) -> tuple[ThrottleState, Sequence[Held]]:
        with self._lock:
            rows = _sorted(self._live, lambda row: row.recipient == recipient)
            state = self._states.get(recipient, ThrottleState())
        held = [Held(row.seq, row.group, row.hold) for row in rows if row.hold and _is_held(row)]
        return state, held

    def release(self, recipient: str, released: Released) -> None:
        with self._lock:
            self._check(recipient, released.state)
            self._save(recipient, released.state)
            for parcel in released.digests:
                for seq in parcel:
                    self._put(_leaving(self._rows[seq, recipient], min(parcel), released.at))
            for seq, hold in released.holds.items():
                self._put(replace(self._rows[seq, recipient], hold=hold, next_at=hold.until))

    def recipients_to_release(self, now: datetime) -> Sequence[str]:
        with self._lock:
            due = [row for row in self._live.values() if _is_held(row) and _is_due(row, now)]
        return list({row.recipient: None for row in due})

    def next_release_at(self) -> datetime | None:
        return self._first(_is_held)

    def pending(
        self, recipients: Collection[str], now: datetime, limit: int
    ) -> Sequence[OutgoingEmail]:
        with self._lock:
            leads = _sorted(
                self._live,
                lambda row: (
                    row.owed
                    and row.lead == row.seq
                    and row.recipient in recipients
                    and _is_due(row, now)
                ),
            )
            leads.sort(key=lambda row: row.pending_since or row.at)
            return [
                OutgoingEmail(
                    lead.recipient,
                    [row.change for row in _members(self._live, lead.recipient, lead.seq)],
                    lead.pending_since or lead.at,
                    lead.attempts,
                )
                for lead in leads[:limit]
            ]

    def next_attempt_at(self, recipients: Collection[str]) -> datetime | None:
        return self._first(lambda row: row.owed and row.recipient in recipients)

    def mark_sent(self, parcel: OutgoingEmail, *, at: datetime) -> None:
        self._set(parcel, "sent", at, None, None)

    def postpone(
        self, parcel: OutgoingEmail, *, at: datetime, until: datetime, reason: str
    ) -> None:
        self._set(parcel, "failed", at, until, reason)

    def give_up(self, parcel: OutgoingEmail, *, at: datetime, reason: str) -> None:
        self._set(parcel, "given_up", at, None, reason)

    def abandon_others(self, recipients: Collection[str], *, at: datetime, reason: str) -> int:
        with self._lock:
            others = _sorted(
                self._live, lambda row: row.next_at is not None and row.recipient not in recipients
            )
            for row in others:
                self._put(replace(row, result="given_up", at=at, next_at=None, reason=reason))
        return len(others)

    def for_incident(self, incident_id: str) -> Sequence[Delivery]:
        with self._lock:
            rows = _sorted(self._rows, lambda row: row.change.incident_id == incident_id)
            found = []
            for revision, own in groupby(rows, key=lambda row: row.change.after.revision):
                notices = [self._notice(row) for row in own]
                at = max(notice.at for notice in notices)
                found.append(Delivery(incident_id, revision, "email", at, summary(notices)))
        return found

    def _notice(self, row: _Row) -> RecipientOutcome:
        if row.hold is not None and row.result == "held":
            because, until = row.hold.reason.value, row.hold.until
            return RecipientOutcome(row.recipient, "held", row.at, reason=because, until=until)
        together = 0 if row.lead is None else len(_members(self._rows, row.recipient, row.lead))
        return RecipientOutcome(
            row.recipient,
            row.result,
            row.at,
            reason=row.reason,
            held=row.hold.reason.value if row.hold else None,
            others=max(together - 1, 0),
            attempts=row.attempts,
        )

    def _check(self, recipient: str, state: ThrottleState) -> None:
        if self._states.get(recipient, ThrottleState()).version != state.version:
            raise Conflict(recipient)

    def _save(self, recipient: str, state: ThrottleState) -> None:
        self._states[recipient] = replace(state, version=state.version + 1)

    def _put(self, row: _Row) -> None:
        self._rows[row.seq, row.recipient] = row
        self._live.pop((row.seq, row.recipient), None)
        if row.next_at is not None:
            self._live[row.seq, row.recipient] = row

    def _set(
        self,
        parcel: OutgoingEmail,
        result: NotificationResult,
        at: datetime,
        next_at: datetime | None,
        reason: str | None,
    ) -> None:
        attempts = parcel.attempts + 1
        with self._lock:
            for row in _members(self._live, *parcel.key):
                if row.owed:
                    changed = replace(row, result=result, at=at, attempts=attempts)
                    self._put(replace(changed, next_at=next_at, reason=reason))

    def _first(self, condition: Callable[[_Row], bool]) -> datetime | None:
        with self._lock:
            found = [row.next_at for row in self._live.values() if row.next_at and condition(row)]
        return min(found, default=None)


_Rows = Mapping[tuple[int, str], _Row]


def _sorted(rows: _Rows, condition: Callable[[_Row], bool]) -> list[_Row]:
    return sorted((row for row in rows.values() if condition(row)), key=lambda row: row.seq)


def _members(rows: _Rows, recipient: str, lead: int) -> list[_Row]:
    return _sorted(rows, lambda row: row.recipient == recipient and row.lead == lead)


def _decided(change: Change, recipient: str, group: str, hold: Hold | None) -> _Row:
    row = _Row(change, recipient, "held", change.at, group=group, hold=hold)
    if hold is None:
        return _leaving(row, row.seq, change.at)
    return replace(row, next_at=hold.until)


def _leaving(row: _Row, lead: int, at: datetime) -> _Row:
    return replace(row, result="pending", lead=lead, pending_since=at, next_at=at, at=at)


def _is_held(row: _Row) -> bool:
    return row.result == "held"


def _is_due(row: _Row, now: datetime) -> bool:
    return row.next_at is not None and row.next_at <= now
