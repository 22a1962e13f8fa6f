"""The throttle's state and decisions in SQLite, in the database of the incidents."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import from_us, to_us
from alerta_utec.domain.errors import Conflict
from alerta_utec.notifications.local.rows import read_state, save_state
from alerta_utec.notifications.ports import ChangeDecisions, Decision, ThrottleSnapshot
from alerta_utec.notifications.throttle import Released
from alerta_utec.notifications.throttle_state import Held, Hold, HoldReason, ThrottleState

_ADD = """
INSERT INTO notices (seq, recipient, state, grouping, held_for, lead_seq, owed_since_us,
                     next_at_us, changed_at_us)
SELECT seq, ?, ?, ?, ?, ?, created_at_us, coalesce(?, created_at_us), created_at_us
FROM jobs WHERE seq = ? AND state = 'owed'
"""
_RELEASE = """
UPDATE notices SET state = 'owed', lead_seq = ?, owed_since_us = ?, next_at_us = ?,
    changed_at_us = ? WHERE seq = ? AND recipient = ? AND state = 'held'
"""
_HOLD = """
UPDATE notices SET held_for = ?, next_at_us = ? WHERE seq = ? AND recipient = ? AND state = 'held'
"""
# A later time than the longest hold was written by a clock that was ahead.
_HAS_ENDED = "(held_for = ? AND (next_at_us <= ? OR next_at_us > ?))"


def dequeue(connection: sqlite3.Connection, seq: int) -> None:
    """Remove a change from those to route, in the transaction that stores the decision."""
    connection.execute("DELETE FROM jobs WHERE seq = ? AND state = 'owed'", (seq,))


class SqliteThrottle:
    """A ``ThrottleStore``, with the holds and decisions of ``NotificationStore``."""

    def __init__(self, database: Database):
        self._database = database

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
                dequeue(connection, one.seq)

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
