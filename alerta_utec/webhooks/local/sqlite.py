"""The ``Webhooks`` and ``ScannedJobs`` in SQLite, in the database of the incidents.

The words in the tables are stored, so they stay: a pending job's state is ``owed``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import CHANGE_COLUMNS, change_from, from_us, to_us
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from alerta_utec.webhooks.job import CLOCK_SKEW, FINISHED_TTL_S, DeadLetter, WebhookJob
from alerta_utec.webhooks.model import Webhook

# How many expired jobs are removed, at most, for each job that is added.
EXPIRED_PER_JOB = 20

_ENQUEUE = """
INSERT OR IGNORE INTO webhook_jobs
    (webhook_id, seq, state, attempts, next_try_at_us, created_at_us, scheduled_at_us)
SELECT webhook_id, ?1, 'owed', 0, ?2, ?2, ?2 FROM webhooks WHERE webhook_id = ?3
"""
_REMOVE_EXPIRED = """
DELETE FROM webhook_jobs WHERE (webhook_id, seq) IN
    (SELECT webhook_id, seq FROM webhook_jobs
     WHERE state != 'owed' AND finished_at_us <= ? ORDER BY finished_at_us LIMIT ?)
"""
_JOB_COLUMNS = f"{CHANGE_COLUMNS}, created_at_us, next_try_at_us, attempts"
_ONE = f"""
SELECT {_JOB_COLUMNS} FROM webhook_jobs JOIN changes ON changes.seq = webhook_jobs.seq
WHERE webhook_id = ? AND state = 'owed' AND webhook_jobs.seq = ?
"""  # noqa: S608 (a constant)
# Without the hint, SQLite would read through a month of finished jobs.
_DUE = f"""
SELECT {_JOB_COLUMNS}
FROM webhook_jobs INDEXED BY webhook_jobs_owed JOIN changes ON changes.seq = webhook_jobs.seq
WHERE webhook_id = ? AND state = 'owed' AND next_try_at_us <= ?
ORDER BY webhook_jobs.seq LIMIT ?
"""  # noqa: S608 (a constant)
_GIVE_UP_DAMAGED = """
UPDATE webhook_jobs SET state = 'given_up', finished_at_us = ?, last_error = 'damaged'
WHERE webhook_id = ? AND seq = ? AND state = 'owed'
"""
_NEXT_AT = """
SELECT min(next_try_at_us) FROM webhook_jobs INDEXED BY webhook_jobs_owed
WHERE webhook_id = ? AND state = 'owed'
"""
_DEAD_LETTERS = f"""
SELECT {CHANGE_COLUMNS}, finished_at_us, attempts, last_error
FROM webhook_jobs JOIN changes ON changes.seq = webhook_jobs.seq
WHERE webhook_id = ? AND state = 'given_up' ORDER BY webhook_jobs.seq DESC LIMIT ?
"""  # noqa: S608 (a constant)
_DELIVERED = """
UPDATE webhook_jobs SET state = 'delivered', finished_at_us = ?, attempts = attempts + 1
WHERE webhook_id = ? AND seq = ? AND state = 'owed'
"""
_REVIVE = """
UPDATE webhook_jobs
SET state = 'owed', attempts = 0, next_try_at_us = ?1, scheduled_at_us = ?1, finished_at_us = NULL
WHERE webhook_id = ?2 AND state = 'given_up'
"""
_ADVANCE = """
UPDATE webhook_jobs INDEXED BY webhook_jobs_owed SET next_try_at_us = ?1, scheduled_at_us = ?1
WHERE webhook_id = ?2 AND state = 'owed' AND next_try_at_us > ?1
"""
_SHORTEN = """
UPDATE webhook_jobs INDEXED BY webhook_jobs_owed
SET next_try_at_us = ?1 + next_try_at_us - coalesce(scheduled_at_us, created_at_us),
    scheduled_at_us = ?1
WHERE webhook_id = ?2 AND state = 'owed' AND coalesce(scheduled_at_us, created_at_us) > ?3
"""


class SqliteWebhooks:
    """``Webhooks``, listed by id, since ids are in order of creation (UUIDv7)."""

    def __init__(self, database: Database):
        self._database = database

    def all(self) -> Sequence[Webhook]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT record FROM webhooks ORDER BY webhook_id").fetchall()
        return [Webhook.from_record(from_json(record)) for (record,) in rows]

    def get(self, webhook_id: str) -> Webhook | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT record FROM webhooks WHERE webhook_id = ?", (webhook_id,)
            ).fetchone()
        return None if row is None else Webhook.from_record(from_json(row[0]))

    def save(self, webhook: Webhook) -> None:
        record = to_json(webhook.to_record()).decode()
        with self._database.write() as connection:
            if webhook.revision == 1:
                sql = (
                    "INSERT OR IGNORE INTO webhooks (record, revision, webhook_id) VALUES (?, ?, ?)"
                )
                values: tuple[Any, ...] = (record, 1, webhook.webhook_id)
            else:
                sql = (
                    "UPDATE webhooks SET record = ?, revision = ? "
                    "WHERE webhook_id = ? AND revision = ?"
                )
                before = webhook.revision - 1
                values = (record, webhook.revision, webhook.webhook_id, before)
            if connection.execute(sql, values).rowcount != 1:
                raise Conflict(webhook.webhook_id)

    def delete(self, webhook_id: str) -> None:
        with self._database.write() as connection:
            for table in ("webhooks", "webhook_jobs"):
                connection.execute(f"DELETE FROM {table} WHERE webhook_id = ?", (webhook_id,))  # noqa: S608 (constants)


class SqliteWebhookJobs:
    """``ScannedJobs``; no job is created for an unknown webhook."""

    def __init__(self, database: Database):
        self._database = database

    def enqueue(self, change: Change, webhook_ids: Sequence[str], *, at: datetime) -> None:
        with self._database.write() as connection:
            _enqueue(connection, change, webhook_ids, to_us(at))

    def scanned_seq(self) -> int:
        with self._database.read() as connection:
            (seq,) = connection.execute("SELECT seq FROM webhook_plan").fetchone()
        return int(seq)

    def enqueue_scanned(
        self, recipients: Sequence[tuple[Change, Sequence[str]]], *, up_to_seq: int, at: datetime
    ) -> None:
        with self._database.write() as connection:
            for change, webhook_ids in recipients:
                _enqueue(connection, change, webhook_ids, to_us(at))
            connection.execute("UPDATE webhook_plan SET seq = max(seq, ?)", (up_to_seq,))

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        with self._database.read() as connection:
            row = connection.execute(_ONE, (webhook_id, seq)).fetchone()
        return None if row is None else _job(webhook_id, row)

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        with self._database.read() as connection:
            rows = connection.execute(_DUE, (webhook_id, to_us(now), limit)).fetchall()
        jobs, damaged = self._database.damaged_rows.separate(
            rows, lambda row: _job(webhook_id, row), _change_name
        )
        self._give_up_damaged(webhook_id, [row[0] for row in damaged], now)
        return jobs

    def next_at(self, webhook_id: str) -> datetime | None:
        with self._database.read() as connection:
            (next_at_us,) = connection.execute(_NEXT_AT, (webhook_id,)).fetchone()
        return None if next_at_us is None else from_us(next_at_us)

    def mark_delivered(self, job: WebhookJob, *, at: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(_DELIVERED, (to_us(at), *job.key))

    def postpone(self, job: WebhookJob, *, at: datetime, until: datetime, reason: str) -> None:
        assignments = "attempts = ?, next_try_at_us = ?, scheduled_at_us = ?, last_error = ?"
        self._set(job, assignments, job.attempts + 1, to_us(until), to_us(at), reason)

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        assignments = "state = 'given_up', attempts = ?, finished_at_us = ?, last_error = ?"
        self._set(job, assignments, attempts, to_us(at), reason)

    def dead_letters(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        with self._database.read() as connection:
            rows = connection.execute(_DEAD_LETTERS, (webhook_id, limit)).fetchall()
        letters, _ = self._database.damaged_rows.separate(
            rows, lambda row: _dead_letter(webhook_id, row), _change_name
        )
        return letters

    def _give_up_damaged(self, webhook_id: str, seqs: Sequence[int], now: datetime) -> None:
        """Give up jobs whose change cannot be read, so that they hold up no other job."""
        if seqs:
            with self._database.write() as connection:
                values = [(to_us(now), webhook_id, seq) for seq in seqs]
                connection.executemany(_GIVE_UP_DAMAGED, values)

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        with self._database.write() as connection:
            values = (to_us(at), webhook_id)
            return sum(connection.execute(sql, values).rowcount for sql in (_ADVANCE, _REVIVE))

    def shorten_waits(self, webhook_id: str, *, now: datetime) -> int:
        values = (to_us(now), webhook_id, to_us(now + CLOCK_SKEW))
        with self._database.write() as connection:
            return connection.execute(_SHORTEN, values).rowcount

    def _set(self, job: WebhookJob, assignments: str, *values: Any) -> None:
        """Update the job, unless it is not pending or was attempted meanwhile."""
        sql = (
            f"UPDATE webhook_jobs SET {assignments} "  # noqa: S608 (constants)
            "WHERE webhook_id = ? AND seq = ? AND state = 'owed' AND attempts = ?"
        )
        with self._database.write() as connection:
            connection.execute(sql, (*values, *job.key, job.attempts))


def _enqueue(
    connection: sqlite3.Connection, change: Change, webhook_ids: Sequence[str], now_us: int
) -> None:
    rows = [(change.after.seq, now_us, webhook_id) for webhook_id in webhook_ids]
    connection.executemany(_ENQUEUE, rows)
    expired_us = now_us - FINISHED_TTL_S * 1_000_000
    connection.execute(_REMOVE_EXPIRED, (expired_us, EXPIRED_PER_JOB * len(rows)))


def _change_name(row: Sequence[Any]) -> str:
    return f"change {row[0]}"


def _dead_letter(webhook_id: str, row: Sequence[Any]) -> DeadLetter:
    *columns, finished_at_us, attempts, reason = row
    change = change_from(tuple(columns))
    return DeadLetter(webhook_id, change, from_us(finished_at_us), attempts, reason)


def _job(webhook_id: str, row: Sequence[Any]) -> WebhookJob:
    *columns, created_at_us, next_try_at_us, attempts = row
    return WebhookJob(
        webhook_id,
        change_from(tuple(columns)),
        from_us(created_at_us),
        from_us(next_try_at_us),
        attempts,
    )
