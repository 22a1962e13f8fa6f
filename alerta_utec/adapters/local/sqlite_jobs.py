"""The e-mails that are owed, in the database of the incidents."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerta_utec.adapters.local.database import Database
from alerta_utec.adapters.local.rows import CHANGE_COLUMNS, change_from, from_us, to_us
from alerta_utec.domain.change import Change
from alerta_utec.ports import MailJob

REASON_MAX = 500
_DUE = f"""
SELECT {CHANGE_COLUMNS}, created_at_us, attempts FROM jobs JOIN changes ON changes.seq = jobs.seq
WHERE state = 'owed' AND next_try_at_us <= ? ORDER BY jobs.seq LIMIT ?
"""  # noqa: S608 (a constant)


def owe(connection: sqlite3.Connection, change: Change) -> None:
    """Owe the e-mail of a change, in the transaction that stores it."""
    now_us = to_us(change.at)
    connection.execute(
        "INSERT INTO jobs (seq, state, attempts, next_try_at_us, created_at_us) "
        "VALUES (?, 'owed', 0, ?, ?)",
        (change.after.seq, now_us, now_us),
    )


class SqliteMailJobs:
    """``MailJobs``: one row for each change that calls for an e-mail, kept when it is done."""

    def __init__(self, database: Database):
        self._database = database

    def due(self, now: datetime, limit: int) -> Sequence[MailJob]:
        with self._database.read() as connection:
            rows = connection.execute(_DUE, (to_us(now), limit)).fetchall()
        return [
            MailJob(change_from(row), from_us(created_at_us), attempts)
            for *row, created_at_us, attempts in rows
        ]

    def next_at(self) -> datetime | None:
        with self._database.read() as connection:
            (next_at_us,) = connection.execute(
                "SELECT min(next_try_at_us) FROM jobs WHERE state = 'owed'"
            ).fetchone()
        return None if next_at_us is None else from_us(next_at_us)

    def sent(self, job: MailJob, *, at: datetime) -> None:
        self._set(job, "state = 'sent', attempts = ?, finished_at_us = ?", to_us(at))

    def postpone(self, job: MailJob, *, until: datetime, reason: str) -> None:
        assignments = "attempts = ?, next_try_at_us = ?, last_error = ?"
        self._set(job, assignments, to_us(until), reason[:REASON_MAX])

    def give_up(self, job: MailJob, *, at: datetime, reason: str) -> None:
        assignments = "state = 'given_up', attempts = ?, finished_at_us = ?, last_error = ?"
        self._set(job, assignments, to_us(at), reason[:REASON_MAX])

    def _set(self, job: MailJob, assignments: str, *values: Any) -> None:
        """Change the job after one more attempt, unless it is done."""
        sql = f"UPDATE jobs SET {assignments} WHERE seq = ? AND state = 'owed'"  # noqa: S608 (constants)
        with self._database.write() as connection:
            connection.execute(sql, (job.attempts + 1, *values, job.change.after.seq))
