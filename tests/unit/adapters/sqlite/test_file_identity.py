"""A database file that is not the one the service left: moved, restored, or without its log."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.domain.errors import Unavailable
from tests.contract.builders import creation
from tests.support.old_database import downgrade
from tests.unit.adapters.sqlite.conftest import OpenStore, Store

ROOT = Path(__file__).parents[4]
# Commits incidents, optionally with a checkpoint in between, and exits without closing.
KILLED = """
import os, sys
from pathlib import Path
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from tests.contract.builders import creation
database = Database(Path(sys.argv[1]))
incidents = SqliteIncidents(database)
for number in range(int(sys.argv[2])):
    incidents.commit(creation(incidentId=f"killed-{number}"))
    if sys.argv[3] == "checkpoint":
        with database.write() as connection:
            pass
        database._writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
os._exit(9)
"""


def run_and_kill(path: Path, count: int, *, checkpoint: bool = False) -> None:
    """Commit ``count`` incidents in another process, which ends without closing the file."""
    how = "checkpoint" if checkpoint else "plain"
    command = [sys.executable, "-c", KILLED, str(path), str(count), how]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9


def wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def commit(store: Store, *names: str) -> None:
    for name in names:
        store.incidents.commit(creation(incidentId=name))


def reopened(open_store: OpenStore, store: Store) -> Store:
    store.close()
    return open_store()


def test_the_epoch_stays_over_clean_ends_and_kills(
    open_store: OpenStore, store: Store, path: Path
) -> None:
    epoch = store.incidents.position().epoch
    commit(store, "a")

    store = reopened(open_store, reopened(open_store, store))
    store.close()
    run_and_kill(path, 3)
    run_and_kill(path, 0)
    run_and_kill(path, 3, checkpoint=True)
    store = open_store()

    assert store.incidents.position().epoch == epoch
    assert store.incidents.position().seq == 4


def test_a_restored_copy_begins_a_new_epoch(
    open_store: OpenStore, store: Store, path: Path, tmp_path: Path
) -> None:
    before = store.incidents.position()
    commit(store, "a")
    store.close()
    shutil.copy(path, tmp_path / "copy")
    store = open_store()
    commit(store, "b", "c")
    store.close()

    (tmp_path / "copy").replace(path)
    store = open_store()

    after = store.incidents.position()
    assert after.epoch != before.epoch
    assert after.seq == 1


@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_copy_written_over_a_killed_file_never_mixes_two_pasts(
    open_store: OpenStore, store: Store, path: Path, tmp_path: Path, checkpoint: bool
) -> None:
    """Its log stays beside it: it may be applied only if it holds everything since the copy."""
    before = store.incidents.position()
    commit(store, "a")
    store.close()
    shutil.copy(path, tmp_path / "copy")
    run_and_kill(path, 40, checkpoint=checkpoint)

    path.write_bytes((tmp_path / "copy").read_bytes())
    store = open_store()

    after = store.incidents.position()
    if after.epoch == before.epoch:
        assert after.seq == 41
    else:
        assert after.seq == 1
        (kept,) = tmp_path.glob("alerta.db-wal.stale-*")
        assert kept.stat().st_size > 0
    with store.database.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_log_that_began_after_the_copy_is_set_aside(
    open_store: OpenStore, store: Store, path: Path, tmp_path: Path
) -> None:
    before = store.incidents.position()
    commit(store, "a")
    store.close()
    shutil.copy(path, tmp_path / "copy")
    run_and_kill(path, 40, checkpoint=True)

    path.write_bytes((tmp_path / "copy").read_bytes())
    store = open_store()

    assert store.incidents.position().epoch != before.epoch
    assert list(tmp_path.glob("alerta.db-wal.stale-*"))


def test_a_killed_file_without_its_log_begins_a_new_epoch(
    open_store: OpenStore, store: Store, path: Path
) -> None:
    before = store.incidents.position()
    store.close()
    run_and_kill(path, 3)

    wal_of(path).unlink()
    store = open_store()

    assert store.incidents.position().epoch != before.epoch


def test_a_folder_copied_with_its_log_loses_nothing(path: Path, tmp_path: Path) -> None:
    run_and_kill(path, 3)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in (path, wal_of(path)):
        shutil.copy(file, elsewhere / file.name)

    database = Database(elsewhere / path.name)

    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (3,)
    database.close()


def test_a_file_of_an_earlier_version_keeps_its_epoch(
    open_store: OpenStore, store: Store, path: Path
) -> None:
    before = store.incidents.position()
    store.close()
    downgrade(path, 3)

    store = open_store()

    assert store.incidents.position() == before


@pytest.mark.parametrize("replacement", ["nothing", "a copy", "an empty file"])
def test_no_change_is_acknowledged_once_the_file_is_moved(
    store: Store, path: Path, tmp_path: Path, replacement: str, caplog: pytest.LogCaptureFixture
) -> None:
    commit(store, "a")
    away = tmp_path / "old.db"
    path.rename(away)
    if replacement == "a copy":
        shutil.copy(away, path)
    elif replacement == "an empty file":
        path.touch()

    for _ in range(2):
        with pytest.raises(Unavailable):
            commit(store, "b")
        with pytest.raises(Unavailable):
            store.incidents.position()
    assert [record.getMessage() for record in caplog.records] == ["database_moved"]

    path.unlink(missing_ok=True)
    away.rename(path)
    commit(store, "b")
    assert store.incidents.position().seq == 2


def test_every_file_is_private_to_its_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = Database(tmp_path / "alerta.db")
        with database.write() as connection:
            connection.execute("CREATE TABLE t (x)")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)

    assert set(modes) == {"alerta.db", "alerta.db-wal", "alerta.db-shm"}
    assert set(modes.values()) == {0o600}
