"""``SqliteIncidents``: commit listeners, concurrent commits and reads, and expired keys."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.commit_statements import EXPIRED_PER_KEY
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from tests.contract.builders import T0, creation
from tests.fakes.commits import CallOnCommit
from tests.unit.adapters.sqlite.conftest import Store

SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)


def test_the_listener_receives_each_commit_of_many_threads_once_in_seq_order(store: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: store.incidents.commit(creation(incidentId=f"i{n}")), range(200)))

    assert [change.after.seq for change in store.committed_changes] == list(range(1, 201))
    assert store.committed_changes == list(store.incidents.changes(after_seq=0, limit=200))


def test_the_next_commit_waits_for_the_listener(path: Path) -> None:
    committed_changes: list[int] = []
    others: list[threading.Thread] = []

    def slow(change: Change) -> None:
        if change.after.seq == 1:
            others.append(threading.Thread(target=lambda: incidents.commit(creation())))
            others[0].start()
            others[0].join(0.3)  # it must still wait, or its change would come first
        committed_changes.append(change.after.seq)

    database = Database(path)
    incidents = SqliteIncidents(database, listener=CallOnCommit(slow))
    incidents.commit(creation())
    others[0].join(10)

    database.close()
    assert committed_changes == [1, 2]


def test_the_listener_receives_no_duplicate_and_no_refused_change(store: Store) -> None:
    store.incidents.commit(creation(incidentId="a"))

    store.incidents.commit(creation(incidentId="a"))
    with pytest.raises(Conflict):
        store.incidents.commit(creation(incidentId="a", type="otro"))

    assert len(store.committed_changes) == 1


def test_the_listener_can_read_the_committed_incident(path: Path) -> None:
    database = Database(path)
    seen = []
    incidents = SqliteIncidents(
        database,
        listener=CallOnCommit(lambda change: seen.append(incidents.get(change.incident_id))),
    )

    committed = incidents.commit(creation(incidentId="a"))

    database.close()
    assert seen == [committed.change.after]


def test_a_listener_that_fails_neither_undoes_nor_hides_the_commit(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_change: Change) -> None:
        raise RuntimeError("el oyente falla")

    database = Database(path)
    incidents = SqliteIncidents(database, listener=CallOnCommit(broken))

    first = incidents.commit(creation(incidentId="a"))
    second = incidents.commit(creation(incidentId="b"))

    assert [first.change.after.seq, second.change.after.seq] == [1, 2]
    assert incidents.get("a") == first.change.after
    assert [record.message for record in caplog.records] == ["on_commit_failed"] * 2
    database.close()


def test_a_read_does_not_wait_for_a_commit_in_progress(store: Store) -> None:
    store.incidents.commit(creation(incidentId="a"))
    seen = []

    with store.database.write() as connection:
        connection.execute("UPDATE feed SET seq = 99")
        reader = threading.Thread(target=lambda: seen.append(store.incidents.position().seq))
        reader.start()
        reader.join(5)
        assert seen == [1]
        connection.execute("UPDATE feed SET seq = 1")


def test_expired_keys_are_removed_a_few_at_a_time(store: Store, path: Path) -> None:
    for number in range(50):
        store.incidents.commit(creation(key=f"vieja{number}"))

    left = []
    for number in range(4):
        store.incidents.commit(creation(key=f"nueva{number}", at=T0 + DAY))
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT count(*) FROM keys WHERE key LIKE 'vieja%'"
            left += connection.execute(query).fetchone()

    assert left == [30, 10, 0, 0]


def test_a_key_that_has_expired_and_not_been_removed_yet_can_be_used_anew(store: Store) -> None:
    for number in range(EXPIRED_PER_KEY + 1):
        store.incidents.commit(creation(key=f"k{number:02}", at=T0 + number * SECOND))
    newest = f"k{EXPIRED_PER_KEY}"

    again = store.incidents.commit(creation(key=newest, at=T0 + 2 * DAY, type="otro"))
    repeated = store.incidents.commit(creation(key=newest, at=T0 + 2 * DAY, type="otro"))

    assert not again.duplicate
    assert repeated.change == again.change


def test_keys_that_have_not_expired_are_not_removed(store: Store, path: Path) -> None:
    store.incidents.commit(creation(key="a"))
    store.incidents.commit(creation(key="b", at=T0 + DAY - timedelta(microseconds=1)))

    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT key FROM keys ORDER BY key").fetchall()

    assert kept == [("a",), ("b",)]
