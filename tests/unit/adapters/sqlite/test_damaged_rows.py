"""One damaged row takes nothing else away from anyone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.domain.change import Position
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.ports.incidents import Query
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs, SqliteWebhooks
from alerta_utec.webhooks.model import Secret, Webhook
from tests.contract.builders import T0, creation

LATER = T0 + timedelta(days=1)
DAMAGES = {
    "a quote is missing": "replace(state_after, '\"type\"', '\"type')",
    "it is empty": "''",
    "it is something else": "'[]'",
    "it lacks a field": "json_remove(state_after, '$.type')",
    "it has another type": "json_set(state_after, '$.urgency', 7)",
}


class DamagedStore:
    """A store of six incidents; ``damage`` makes rows unreadable from outside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.database = Database(path)
        self.notifications = SqliteNotifications(self.database)
        self.incidents = SqliteIncidents(self.database, steps=[self.notifications])
        self.jobs = SqliteWebhookJobs(self.database)
        for number in range(1, 7):
            self.incidents.commit(creation(incidentId=f"i{number}", urgency="high"))

    def damage(self, *seqs: int, how: str = "a quote is missing") -> None:
        column = DAMAGES[how]
        with closing(sqlite3.connect(self._path)) as connection:
            state = column.replace("state_after", "state")
            for table, change in (
                ("changes", f"state_after = {column} WHERE seq"),
                ("incidents", f"state = {state} WHERE created_seq"),
            ):
                connection.executemany(f"UPDATE {table} SET {change} = ?", [(s,) for s in seqs])  # noqa: S608 (constants)
            connection.commit()

    def seqs(self, *, limit: int = 100, after_seq: int = 0) -> list[int]:
        changes = self.incidents.changes(after_seq=after_seq, limit=limit)
        return [change.after.seq for change in changes]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DamagedStore]:
    made = DamagedStore(tmp_path / "alerta.db")
    yield made
    made.database.close()


@pytest.mark.parametrize("how", DAMAGES)
def test_the_feed_skips_a_damaged_change_and_goes_on(store: DamagedStore, how: str) -> None:
    store.damage(3, how=how)

    assert store.seqs() == [1, 2, 4, 5, 6]
    assert store.seqs(limit=3) == [1, 2, 4]
    assert store.seqs(limit=1, after_seq=2) == [4]
    assert store.incidents.damaged_rows == 1


@pytest.mark.parametrize("how", DAMAGES)
def test_a_listing_skips_a_damaged_incident(store: DamagedStore, how: str) -> None:
    store.damage(3, how=how)

    page = store.incidents.page(Query(limit=100))

    assert [incident.incident_id for incident in page.incidents] == ["i6", "i5", "i4", "i2", "i1"]


@pytest.mark.parametrize("damaged", [(1,), (3,), (6,), (5, 6), (1, 2, 3, 4, 5, 6)])
def test_a_client_that_catches_up_gets_the_rest_and_comes_to_an_end(
    store: DamagedStore, damaged: tuple[int, ...]
) -> None:
    position = store.incidents.position()
    store.damage(*damaged)

    page = CatchUp(store.incidents).since(Position(position.epoch, 0))

    assert [incident["seq"] for incident in page.incidents] == [
        seq for seq in range(1, 7) if seq not in damaged
    ]
    assert page.position == position
    assert not page.more


def test_each_damaged_row_is_logged_once(
    store: DamagedStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.damage(3, 5)

    for _ in range(3):
        store.seqs()

    assert sorted(vars(record)["row"] for record in caplog.records) == ["change 3", "change 5"]


def test_a_damaged_change_holds_up_no_other_notification(store: DamagedStore) -> None:
    store.damage(1)

    routed = [change.after.seq for change in store.notifications.unrouted(100)]

    assert routed == [2, 3, 4, 5, 6]
    with store.database.read() as connection:
        left = connection.execute("SELECT seq FROM jobs WHERE state = 'owed'").fetchall()
    assert [seq for (seq,) in left] == routed


def test_a_damaged_change_holds_up_no_other_webhook_job(store: DamagedStore) -> None:
    webhook = Webhook("w", "https://a.example/", T0, 0, (Secret("whsec_c2VjcmV0"),))
    SqliteWebhooks(store.database).save(webhook)
    changes = store.incidents.changes(after_seq=0, limit=100)
    recipients = [(change, ["w"]) for change in changes]
    store.jobs.enqueue_scanned(recipients, up_to_seq=6, at=T0)
    store.damage(1)

    due = store.jobs.due("w", LATER, 100)

    assert [job.change.after.seq for job in due] == [2, 3, 4, 5, 6]
    for job in due:
        store.jobs.mark_delivered(job, at=LATER)
    assert store.jobs.next_at("w") is None
