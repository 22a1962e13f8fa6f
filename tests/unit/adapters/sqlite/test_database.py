"""The database file: reopening, migrations, full disks, locks and damage."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.adapters.sqlite.schema import APPLICATION_ID, MIGRATIONS
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import NotFound, Unavailable
from alerta_utec.domain.values import Status
from alerta_utec.notifications.ports import Decision
from tests.contract.builders import T0, creation, update
from tests.support.old_database import downgrade
from tests.unit.adapters.sqlite.conftest import OpenStore, Store


def _sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def _fill(store: Store) -> None:
    for number in range(100):
        store.incidents.commit(
            creation(incidentId=f"lleno{number}", description="x" * 4000, urgency="high")
        )


def test_a_reopened_database_has_all_its_rows(open_store: OpenStore) -> None:
    before = open_store()
    created = before.incidents.commit(creation(urgency="high", key="k", user="rosa")).change
    second = before.incidents.commit(update(created.after, status=Status.EN_ATENCION)).change
    position = before.incidents.position()
    before.close()

    after = open_store()

    assert after.incidents.position() == position
    assert after.incidents.get(created.incident_id) == second.after
    assert list(after.incidents.history(created.incident_id)) == [created, second]
    assert list(after.notices.unrouted(10)) == [created]
    assert after.incidents.commit(creation(urgency="high", key="k", user="rosa")).duplicate


def _keep(store: Store, change: Change) -> None:
    """Decide that the change's notification leaves at once."""
    state, _ = store.notices.held("ana@example.edu")
    store.notices.save(change.after.seq, "g", {"ana@example.edu": Decision(state, None)})


def test_a_postponed_email_keeps_its_attempts_and_reason_over_a_restart(
    open_store: OpenStore, path: Path
) -> None:
    before = open_store()
    _keep(before, before.incidents.commit(creation(urgency="high")).change)
    (parcel,) = before.notices.pending(["ana@example.edu"], T0, 1)
    before.notices.postpone(parcel, at=T0, until=T0, reason="SMTP: 451")
    before.close()

    (parcel,) = open_store().notices.pending(["ana@example.edu"], T0, 1)

    assert parcel.attempts == 1
    assert _sql(path, "SELECT state, reason FROM notices") == [("owed", "SMTP: 451")]


def test_a_finished_email_stays_on_record_with_a_bounded_reason(store: Store, path: Path) -> None:
    _keep(store, store.incidents.commit(creation(urgency="high")).change)
    (parcel,) = store.notices.pending(["ana@example.edu"], T0, 1)

    store.notices.give_up(parcel, at=T0, reason="x" * 10_000)

    rows = _sql(path, "SELECT state, attempts, next_at_us, length(reason) FROM notices")
    assert rows == [("given_up", 1, None, 500)]


def test_a_wait_ends_if_the_clock_was_set_back(store: Store) -> None:
    _keep(store, store.incidents.commit(creation(urgency="high")).change)
    (parcel,) = store.notices.pending(["ana@example.edu"], T0, 1)
    store.notices.postpone(parcel, at=T0, until=T0, reason="SMTP: 451")

    long_ago = T0 - timedelta(days=400)

    assert len(store.notices.pending(["ana@example.edu"], long_ago, 1)) == 1


def test_pending_jobs_of_the_first_version_stay_pending(path: Path, open_store: OpenStore) -> None:
    store = open_store()
    change = store.incidents.commit(creation(urgency="high")).change
    store.close()
    downgrade(path, 1)
    _sql(path, "UPDATE jobs SET attempts = 7, last_error = 'SMTP: 451'")

    after = open_store()

    assert list(after.notices.unrouted(10)) == [change]


def test_closing_leaves_one_file_and_may_be_repeated(store: Store, path: Path) -> None:
    store.incidents.commit(creation())

    store.close()
    store.close()

    assert [file.name for file in path.parent.iterdir()] == ["alerta.db"]


def test_a_closed_store_is_unavailable(store: Store) -> None:
    store.incidents.position()

    store.close()

    with pytest.raises(Unavailable):
        store.incidents.position()
    with pytest.raises(Unavailable):
        store.incidents.commit(creation())


def test_a_new_database_has_all_migrations_and_the_application_id(store: Store, path: Path) -> None:
    assert _sql(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert _sql(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert _sql(path, "PRAGMA journal_mode") == [("wal",)]


def test_the_writer_syncs_every_commit(store: Store) -> None:
    with store.database.write() as connection:
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()

    assert synchronous == 2


def test_two_databases_have_two_epochs(store: Store, tmp_path: Path) -> None:
    other = Database(tmp_path / "other.db")
    with other.read() as connection:
        (epoch,) = connection.execute("SELECT epoch FROM feed").fetchone()
    other.close()

    assert len(epoch) == len(store.incidents.position().epoch) == 12
    assert epoch != store.incidents.position().epoch


def test_opening_again_migrates_nothing_twice(open_store: OpenStore) -> None:
    epochs = set()
    for _ in range(3):
        opened = open_store()
        epochs.add(opened.incidents.position().epoch)
        opened.close()

    assert len(epochs) == 1


def test_a_database_of_a_later_version_is_refused_and_left_alone(
    open_store: OpenStore, path: Path
) -> None:
    open_store().close()
    _sql(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    content = path.read_bytes()

    with pytest.raises(DataRefused, match="versión más nueva"):
        Database(path)

    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    _sql(path, "CREATE TABLE theirs (x)")
    content = path.read_bytes()

    with pytest.raises(DataRefused, match="no es una base de datos de Alerta UTEC"):
        Database(path)

    assert path.read_bytes() == content


def test_a_file_that_is_not_a_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("Esto no es una base de datos. " * 100)

    with pytest.raises(DataRefused):
        Database(path)

    assert path.read_text().startswith("Esto no es")


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_written(
    store: Store, path: Path
) -> None:
    store.incidents.commit(creation(incidentId="antes"))
    with store.database.write() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(Unavailable, match="SQLITE_FULL"):
        _fill(store)

    seq = store.incidents.position().seq
    changes = store.incidents.changes(after_seq=0, limit=200)
    assert [change.after.seq for change in changes] == list(range(1, seq + 1))
    assert len(store.committed_changes) == seq
    assert len(store.notices.unrouted(200)) == seq - 1
    with pytest.raises(NotFound):
        store.incidents.get(f"lleno{seq - 1}")
    assert _sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_commits_succeed_once_the_disk_has_room_again(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Unavailable):
        _fill(store)
    seq = store.incidents.position().seq

    with store.database.write() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    committed = store.incidents.commit(creation(incidentId="b", description="x" * 4000))

    assert committed.change.after.seq == seq + 1


def test_a_database_that_another_process_locks_is_unavailable_for_writing_only(
    store: Store, path: Path
) -> None:
    store.incidents.commit(creation(incidentId="a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="SQLITE_BUSY"):
            store.incidents.commit(creation(incidentId="b"))
        assert store.incidents.get("a").seq == 1

        other.execute("ROLLBACK")
    assert store.incidents.commit(creation(incidentId="b")).change.after.seq == 2


def test_a_read_only_database_is_unavailable(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("PRAGMA query_only = ON")

    with pytest.raises(Unavailable, match="SQLITE_READONLY"):
        store.incidents.commit(creation(incidentId="a"))

    assert store.incidents.position().seq == 0
    assert store.committed_changes == []


def test_a_damaged_database_is_unavailable(open_store: OpenStore, path: Path) -> None:
    before = open_store()
    for _ in range(50):
        before.incidents.commit(creation(description="x" * 4000))
    before.close()
    content = bytearray(path.read_bytes())
    intact = 4096 * 40  # the tables' first pages
    content[intact:] = b"\xff" * (len(content) - intact)
    path.write_bytes(content)

    damaged = open_store()

    with pytest.raises(Unavailable):
        damaged.incidents.changes(after_seq=0, limit=100)


def test_a_database_whose_first_pages_are_damaged_is_refused(
    open_store: OpenStore, path: Path
) -> None:
    open_store().close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)

    with pytest.raises(DataRefused, match="malformed"):
        open_store()


def test_no_error_text_holds_the_data_of_a_change(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("PRAGMA query_only = ON")

    with pytest.raises(Unavailable) as refusal:
        store.incidents.commit(creation(description="secreto"))

    assert "secreto" not in str(refusal.value)
