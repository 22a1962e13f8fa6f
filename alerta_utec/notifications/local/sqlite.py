"""Notifications and their progress in SQLite, in the database of the incidents."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby

from alerta_utec.adapters.sqlite.deliveries import first_and_last
from alerta_utec.adapters.sqlite.rows import CHANGE_COLUMNS, from_us, separate_changes, to_us
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.notifications.local.rows import outcome_from
from alerta_utec.notifications.local.sqlite_throttle import SqliteThrottle, dequeue
from alerta_utec.notifications.ports import (
    RETRY_WAIT_MAX,
    OutgoingEmail,
)
from alerta_utec.notifications.record import summary

REASON_MAX = 500
_UNROUTED = f"""
SELECT {CHANGE_COLUMNS} FROM jobs JOIN changes ON changes.seq = jobs.seq
WHERE state = 'owed' ORDER BY jobs.seq LIMIT ?
"""  # noqa: S608 (a constant)
_SUPPRESS = """
INSERT INTO notices (seq, recipient, state, owed_since_us, changed_at_us, reason)
SELECT seq, '', 'suppressed', created_at_us, ?, 'no_rule' FROM jobs WHERE seq = ? AND state = 'owed'
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
_MEMBERS = f"""
SELECT {CHANGE_COLUMNS} FROM notices JOIN changes ON changes.seq = notices.seq
WHERE recipient = ? AND lead_seq = ? ORDER BY notices.seq
"""  # noqa: S608 (a constant)
_FOR_INCIDENT = """
SELECT revision, recipient, state, held_for, attempts, next_at_us, changed_at_us, reason,
    (SELECT count(*) FROM notices AS other
     WHERE other.recipient = notices.recipient AND other.lead_seq = notices.lead_seq)
FROM notices JOIN changes ON changes.seq = notices.seq
WHERE incident_id = ? AND revision BETWEEN ? AND ? ORDER BY revision, recipient
"""


def enqueue(connection: sqlite3.Connection, change: Change) -> None:
    """Enqueue a change for routing, in the transaction that stores it."""
    now_us = to_us(change.at)
    connection.execute(
        "INSERT INTO jobs (seq, state, attempts, next_try_at_us, created_at_us) "
        "VALUES (?, 'owed', 0, ?, ?)",
        (change.after.seq, now_us, now_us),
    )


class SqliteNotifications(SqliteThrottle):
    """A ``NotificationStore`` with one row for each change and recipient, kept as the record."""

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
                dequeue(connection, change.after.seq)

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

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        with self._database.read() as connection:
            values = (incident_id, *first_and_last(revisions))
            rows = connection.execute(_FOR_INCIDENT, values).fetchall()
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
