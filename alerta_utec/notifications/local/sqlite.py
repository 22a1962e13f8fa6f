"""Notifications and their progress in SQLite, in the database of the incidents."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import CHANGE_COLUMNS, from_us, separate_changes, to_us
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Conflict
from alerta_utec.notifications.local.rows import outcome_from, read_state, save_state
from alerta_utec.notifications.ports import (
    RETRY_WAIT_MAX,
    ChangeDecisions,
    Decision,
    OutgoingEmail,
    ThrottleSnapshot,
)
from alerta_utec.notifications.record import summary
from alerta_utec.notifications.throttle import Released
from alerta_utec.notifications.throttle_state import Held, Hold, HoldReason, ThrottleState

REASON_MAX = 500
_UNROUTED = f"""
SELECT {CHANGE_COLUMNS} FROM jobs JOIN changes ON changes.seq = jobs.seq
WHERE state = 'owed' ORDER BY jobs.seq LIMIT ?
"""  # noqa: S608 (a constant)
_ADD = """
INSERT INTO notices (seq, recipient, state, grouping, held_for, lead_seq, owed_since_us,
                     next_at_us, changed_at_us)
SELECT seq, ?, ?, ?, ?, ?, created_at_us, coalesce(?, created_at_us), created_at_us
FROM jobs WHERE seq = ? AND state = 'owed'
"""
_SUPPRESS = """
INSERT INTO notices (seq, recipient, state, owed_since_us, changed_at_us, reason)
SELECT seq, '', 'suppressed', created_at_us, ?, 'no_rule' FROM jobs WHERE seq = ? AND state = 'owed'
"""
_RELEASE = """
UPDATE notices SET state = 'owed', lead_seq = ?, owed_since_us = ?, next_at_us = ?,
    changed_at_us = ? WHERE seq = ? AND recipient = ? AND state = 'held'
"""
_HOLD = """
UPDATE notices SET held_for = ?, next_at_us = ? WHERE seq = ? AND recipient = ? AND state = 'held'
"""
_GIVE_UP_DAMAGED = (
    "UPDATE jobs SET state = 'given_up', last_error = 'damaged' "
    "WHERE seq = :seq AND state = 'owed'",
    "UPDATE notices SET state = 'given_up', next_at_us = NULL, reason = 'damaged' "
    "WHERE seq = :seq AND next_at_us IS NOT NULL",
    "UPDATE notices SET lead_seq = seq, next_at_us = coalesce(next_at_us, owed_since_us) "
    "WHERE lead_seq = :seq AND seq != :seq AND state = 'owed'",
)
# A later time than the longest wait was written by a clock that was ahead.
_IS_DUE = "(attempts = 0 OR next_at_us <= ? OR next_at_us > ?)"
_HAS_ENDED = "(held_for = ? AND (next_at_us <= ? OR next_at_us > ?))"
_MEMBERS = f"""
SELECT {CHANGE_COLUMNS} FROM notices JOIN changes ON changes.seq = notices.seq
WHERE recipient = ? AND lead_seq = ? ORDER BY notices.seq
"""  # noqa: S608 (a constant)
_FOR_INCIDENT = """
SELECT revision, recipient, state, held_for, attempts, next_at_us, changed_at_us, reason,
    (SELECT count(*) FROM notices AS other
     WHERE other.recipient = notices.recipient AND other.lead_seq = notices.lead_seq)
FROM notices JOIN changes ON changes.seq = notices.seq
WHERE incident_id = ? ORDER BY revision, recipient
"""


def enqueue(connection: sqlite3.Connection, change: Change) -> None:
    """Enqueue a change for routing, in the transaction that stores it."""
    now_us = to_us(change.at)
    connection.execute(
        "INSERT INTO jobs (seq, state, attempts, next_try_at_us, created_at_us) "
        "VALUES (?, 'owed', 0, ?, ?)",
        (change.after.seq, now_us, now_us),
    )


class SqliteNotifications:
    """A ``NotificationStore`` with one row for each change and recipient, kept as the record."""

    def __init__(self, database: Database):
        self._database = database

    def on_stored(self, connection: sqlite3.Connection, change: Change) -> None:
        """Enqueue the notifications of a stored change; see ``CommitStep``."""
        if change.notifies():
            enqueue(connection, change)

    def unrouted(self, limit: int) -> Sequence[Change]:
        with self._database.read() as connection:
            rows = connection.execute(_UNROUTED, (limit,)).fetchall()
        changes, damaged = separate_changes(self._database.damaged_rows, rows)
        self._give_up_damaged(damaged)
        return changes

    def suppress(self, changes: Sequence[Change], *, at: datetime) -> None:
        with self._database.write() as connection:
            for change in changes:
                connection.execute(_SUPPRESS, (to_us(at), change.after.seq))
                _dequeue(connection, change.after.seq)

    def load(self, seq: int, recipients: Sequence[str]) -> ThrottleSnapshot:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT recipient, state, held_for, next_at_us FROM notices WHERE seq = ?", (seq,)
            ).fetchall()
            states = {recipient: read_state(connection, recipient) for recipient in recipients}
        decided = {
            recipient: Hold(HoldReason(held_for), from_us(next_at_us)) if state == "held" else None
            for recipient, state, held_for, next_at_us in rows
            if recipient in states
        }
        return ThrottleSnapshot(states, decided)

    def save(self, seq: int, group: str, decisions: Mapping[str, Decision]) -> None:
        self.save_all([ChangeDecisions(seq, group, decisions)])

    def save_all(self, several: Sequence[ChangeDecisions]) -> None:
        with self._database.write() as connection:
            for one in several:
                for recipient, decision in one.decisions.items():
                    save_state(connection, recipient, decision.state)
                    _add(connection, one, recipient, decision.hold)
                _dequeue(connection, one.seq)

    def held(self, recipient: str) -> tuple[ThrottleState, Sequence[Held]]:
        query = (
            "SELECT seq, grouping, held_for, next_at_us FROM notices "
            "WHERE recipient = ? AND state = 'held' AND next_at_us IS NOT NULL ORDER BY seq"
        )
        with self._database.read() as connection:
            # The state first: anything held after this read belongs to a later version.
            state = read_state(connection, recipient)
            rows = connection.execute(query, (recipient,)).fetchall()
        return state, [
            Held(seq, group, Hold(HoldReason(held_for), from_us(until_us)))
            for seq, group, held_for, until_us in rows
        ]

    def release(self, recipient: str, released: Released) -> None:
        at_us = to_us(released.at)
        leaving = [
            (min(digest), at_us, at_us, at_us, seq, recipient)
            for digest in released.digests
            for seq in digest
        ]
        holds = [
            (hold.reason.value, to_us(hold.until), seq, recipient)
            for seq, hold in released.holds.items()
        ]
        with self._database.write() as connection:
            save_state(connection, recipient, released.state)
            connection.executemany(_RELEASE, leaving)
            connection.executemany(_HOLD, holds)

    def recipients_to_release(
        self, now: datetime, longest: Mapping[HoldReason, timedelta]
    ) -> Sequence[str]:
        ended = " OR ".join([_HAS_ENDED] * len(longest))
        query = f"SELECT DISTINCT recipient FROM notices WHERE state = 'held' AND ({ended})"  # noqa: S608 (constants)
        values = [
            value
            for reason, wait in longest.items()
            for value in (reason.value, to_us(now), to_us(now + wait))
        ]
        with self._database.read() as connection:
            rows = connection.execute(query, values).fetchall()
        return [recipient for (recipient,) in rows]

    def next_release_at(self) -> datetime | None:
        return self._first("state = 'held'", ())

    def pending(
        self, recipients: Collection[str], now: datetime, limit: int
    ) -> Sequence[OutgoingEmail]:
        query = (
            "SELECT recipient, lead_seq, owed_since_us, attempts FROM notices "  # noqa: S608 (constants)
            f"WHERE {_among(recipients)} AND state = 'owed' AND lead_seq = seq AND {_IS_DUE} "
            "ORDER BY owed_since_us, seq LIMIT ?"
        )
        with self._database.read() as connection:
            leads = connection.execute(query, (*recipients, *_due(now), limit)).fetchall()
            emails, damaged = [], []
            for recipient, lead, since_us, attempts in leads:
                rows = connection.execute(_MEMBERS, (recipient, lead))
                changes, unreadable = separate_changes(self._database.damaged_rows, rows)
                damaged += unreadable
                # Without its first change the e-mail has another key.
                if lead not in unreadable:
                    email = OutgoingEmail(recipient, changes, from_us(since_us), attempts)
                    emails.append(email)
        self._give_up_damaged(damaged)
        return emails

    def _give_up_damaged(self, seqs: Sequence[int]) -> None:
        """Give up changes that cannot be read, so that they hold up no other notification.

        The changes of a digest that began with one of them are sent one by one.
        """
        if not seqs:
            return
        with self._database.write() as connection:
            for statement in _GIVE_UP_DAMAGED:
                connection.executemany(statement, [{"seq": seq} for seq in seqs])

    def next_attempt_at(self, recipients: Collection[str]) -> datetime | None:
        return self._first(f"state = 'owed' AND {_among(recipients)}", recipients)

    def mark_sent(self, email: OutgoingEmail, *, at: datetime) -> None:
        self._set(email, "state = 'sent', next_at_us = NULL, reason = NULL", at)

    def postpone(self, email: OutgoingEmail, *, at: datetime, until: datetime, reason: str) -> None:
        self._set(email, "next_at_us = ?, reason = ?", at, to_us(until), reason[:REASON_MAX])

    def give_up(self, email: OutgoingEmail, *, at: datetime, reason: str) -> None:
        assignments = "state = 'given_up', next_at_us = NULL, reason = ?"
        self._set(email, assignments, at, reason[:REASON_MAX])

    def abandon_others(self, recipients: Collection[str], *, at: datetime, reason: str) -> int:
        sql = (
            "UPDATE notices SET state = 'given_up', next_at_us = NULL, changed_at_us = ?, "  # noqa: S608 (constants)
            f"reason = ? WHERE next_at_us IS NOT NULL AND NOT {_among(recipients)}"
        )
        with self._database.write() as connection:
            return connection.execute(sql, (to_us(at), reason, *recipients)).rowcount

    def for_incident(self, incident_id: str) -> Sequence[Delivery]:
        with self._database.read() as connection:
            rows = connection.execute(_FOR_INCIDENT, (incident_id,)).fetchall()
        found = []
        for revision, own in groupby(rows, key=lambda row: int(row[0])):
            outcomes = [outcome_from(*row[1:]) for row in own]
            at = max(outcome.at for outcome in outcomes)
            found.append(Delivery(incident_id, revision, "email", at, summary(outcomes)))
        return found

    def _first(self, condition: str, values: Collection[str]) -> datetime | None:
        query = f"SELECT min(next_at_us) FROM notices WHERE next_at_us IS NOT NULL AND {condition}"  # noqa: S608 (constants)
        with self._database.read() as connection:
            (next_at_us,) = connection.execute(query, tuple(values)).fetchone()
        return None if next_at_us is None else from_us(next_at_us)

    def _set(self, email: OutgoingEmail, assignments: str, at: datetime, *values: object) -> None:
        """Update every notification of the e-mail after an attempt, unless it has ended."""
        sql = (
            f"UPDATE notices SET {assignments}, attempts = ?, changed_at_us = ? "  # noqa: S608 (constants)
            "WHERE recipient = ? AND lead_seq = ? AND state = 'owed'"
        )
        with self._database.write() as connection:
            connection.execute(sql, (*values, email.attempts + 1, to_us(at), *email.key))


def _among(recipients: Collection[str]) -> str:
    return f"recipient IN ({', '.join('?' * len(recipients))})"


def _due(now: datetime) -> tuple[int, int]:
    return to_us(now), to_us(now + RETRY_WAIT_MAX)


def _add(
    connection: sqlite3.Connection, one: ChangeDecisions, recipient: str, hold: Hold | None
) -> None:
    state, lead_seq = ("owed", one.seq) if hold is None else ("held", None)
    until_us = to_us(hold.until) if hold else None
    reason = hold.reason.value if hold else None
    values = (recipient, state, one.group, reason, lead_seq, until_us, one.seq)
    try:
        added = connection.execute(_ADD, values).rowcount
    except sqlite3.IntegrityError as error:
        raise Conflict(str(one.seq)) from error
    if not added:
        raise Conflict(str(one.seq))


def _dequeue(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute("DELETE FROM jobs WHERE seq = ? AND state = 'owed'", (seq,))
