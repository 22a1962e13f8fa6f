"""Webhooks in SQLite: the migration of older databases, and the removal of finished jobs."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import change_insert, encode_incident
from alerta_utec.adapters.sqlite.schema import MIGRATIONS
from alerta_utec.domain.change import Position
from alerta_utec.webhooks.job import FINISHED_TTL_S
from alerta_utec.webhooks.local.sqlite import (
    EXPIRED_PER_JOB,
    SqliteWebhookJobs,
    SqliteWebhooks,
)
from tests.contract.builders import T0, creation, webhook
from tests.unit.adapters.sqlite.conftest import Store

TTL = timedelta(seconds=FINISHED_TTL_S)
SECOND = timedelta(seconds=1)


def test_a_database_from_before_webhooks_starts_at_its_current_position(path: Path) -> None:
    change = creation().committed(Position("e", 1))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"{MIGRATIONS[0]}PRAGMA user_version = 1;")
        connection.execute(*change_insert(change, encode_incident(change.after)))
        connection.execute("UPDATE feed SET seq = 1")

    with closing(Database(path)) as database:
        scanned_seq = SqliteWebhookJobs(database).scanned_seq()
        webhooks = SqliteWebhooks(database).all()

    assert scanned_seq == 1
    assert list(webhooks) == []


def test_finished_jobs_are_removed_after_a_month_some_at_a_time(store: Store) -> None:
    registry, jobs = SqliteWebhooks(store.database), SqliteWebhookJobs(store.database)
    own = webhook()
    registry.save(own)
    count = 2 * EXPIRED_PER_JOB + 1
    for number in range(count):
        change = store.incidents.commit(creation()).change
        jobs.enqueue(change, [own.webhook_id], at=T0)
        (job,) = jobs.due(own.webhook_id, T0, 2)
        if number % 2:
            jobs.mark_delivered(job, at=T0)
        else:
            jobs.give_up(job, at=T0, reason="HTTP 500", attempts=10)
    last = store.incidents.commit(creation()).change

    left = []
    for at in (T0 + TTL - SECOND, T0 + TTL, T0 + TTL, T0 + TTL):
        jobs.enqueue(last, [own.webhook_id], at=at)
        left.append(rows(store))

    assert left == [count + 1, count + 1 - EXPIRED_PER_JOB, count + 1 - 2 * EXPIRED_PER_JOB, 1]
    assert len(jobs.due(own.webhook_id, T0 + TTL, 10)) == 1


def rows(store: Store) -> int:
    with store.database.read() as connection:
        (count,) = connection.execute("SELECT count(*) FROM webhook_jobs").fetchone()
    return int(count)
