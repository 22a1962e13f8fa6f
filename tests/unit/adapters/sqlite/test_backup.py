"""Backup while a server writes, and restore."""

import re
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.backup import backup, restore
from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.adapters.sqlite.schema import MIGRATIONS
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import NotFound
from tests.contract.builders import creation
from tests.support.fresh_python import run_python
from tests.unit.adapters.sqlite.conftest import OpenStore, Store


def _files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def _changes(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM changes ORDER BY seq")]


def _while_writing(store: Store, work: Callable[[threading.Event], None]) -> list[Change]:
    """Run ``work`` beside a thread that commits; each commit sets the event that it gets."""
    done, wrote, committed = threading.Event(), threading.Event(), []

    def write() -> None:
        while not done.is_set():
            committed.append(store.incidents.commit(creation(description="x" * 3000)).change)
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        work(wrote)
    finally:
        done.set()
        writer.join(10)
    return committed


def test_a_backup_is_one_private_file_with_everything_committed(
    store: Store, path: Path, tmp_path: Path
) -> None:
    for _ in range(20):
        store.incidents.commit(creation())
    target = tmp_path / "copies" / "alerta-copia.db"
    target.parent.mkdir()

    backup(path.parent, target)

    assert _files(target.parent) == {"alerta-copia.db"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert _changes(target) == list(range(1, 21))


def test_a_backup_beside_a_writer_is_of_one_moment_and_delays_no_commit(
    store: Store, path: Path, tmp_path: Path
) -> None:
    for _ in range(600):
        store.incidents.commit(creation(description="x" * 4000))
    target = tmp_path / "copia.db"
    steps: list[tuple[int, int]] = []

    def work(wrote: threading.Event) -> None:
        def progress(done: int, total: int) -> None:
            steps.append((done, total))
            wrote.clear()
            assert wrote.wait(10), "the writer must not wait for the backup"

        backup(path.parent, target, progress)

    committed = _while_writing(store, work)

    copied = _changes(target)
    assert copied == list(range(1, len(copied) + 1))
    assert 600 <= len(copied) < 600 + len(committed)
    assert len(steps) > 1
    assert len({total for _, total in steps}) == 1
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1][0] == steps[-1][1]


def test_a_backup_replaces_an_older_one(store: Store, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copia.db"
    backup(path.parent, target)
    store.incidents.commit(creation())

    backup(path.parent, target)

    assert _changes(target) == [1]


def test_a_backup_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="No hay ninguna base de datos"):
        backup(tmp_path, tmp_path / "copia.db")

    assert _files(tmp_path) == set()


def test_a_backup_over_the_database_itself_is_refused(store: Store, path: Path) -> None:
    store.incidents.commit(creation())

    with pytest.raises(DataRefused, match="la base de datos misma"):
        backup(path.parent, path)

    assert store.incidents.position().seq == 1


def test_a_backup_into_a_missing_folder_is_refused(
    store: Store, path: Path, tmp_path: Path
) -> None:
    assert store.incidents.position().seq == 0

    with pytest.raises(DataRefused, match="No se pudo hacer la copia"):
        backup(path.parent, tmp_path / "ausente" / "copia.db")


def test_a_damaged_database_is_not_backed_up_over_a_good_copy(
    open_store: OpenStore, path: Path, tmp_path: Path
) -> None:
    store = open_store()
    for _ in range(50):
        store.incidents.commit(creation(description="x" * 4000))
    store.close()
    target = tmp_path / "copia.db"
    backup(path.parent, target)
    content = bytearray(path.read_bytes())
    content[4096 * 20 : 4096 * 30] = b"\xff" * 4096 * 10
    path.write_bytes(content)

    with pytest.raises(DataRefused):
        backup(path.parent, target)

    assert len(_changes(target)) == 50
    assert not [name for name in _files(tmp_path) if name.endswith(".tmp")]


def test_a_restore_brings_back_the_copy_under_a_new_epoch(
    open_store: OpenStore, path: Path, tmp_path: Path
) -> None:
    store = open_store()
    kept = store.incidents.commit(creation(incidentId="a")).change
    backup(path.parent, tmp_path / "copia.db")
    store.incidents.commit(creation(incidentId="b"))
    before = store.incidents.position()
    store.close()

    restore(path.parent, tmp_path / "copia.db")

    restored = open_store()
    after = restored.incidents.position()
    assert (before.seq, after.seq) == (2, 1)
    assert after.epoch != before.epoch
    assert restored.incidents.get("a") == kept.after
    with pytest.raises(NotFound):
        restored.incidents.get("b")
    assert restored.incidents.commit(creation()).change.position.epoch == after.epoch


def test_a_restore_keeps_the_replaced_database(
    open_store: OpenStore, path: Path, tmp_path: Path
) -> None:
    store = open_store()
    backup(path.parent, tmp_path / "copia.db")
    store.incidents.commit(creation())
    store.close()

    restore(path.parent, tmp_path / "copia.db")
    restore(path.parent, tmp_path / "copia.db")

    kept = [name for name in sorted(_files(tmp_path)) if "before-restore" in name]
    assert all(re.fullmatch(r"alerta\.db\.before-restore-\d{8}T\d{6}\.\d{6}Z", k) for k in kept)
    assert [_changes(tmp_path / name) for name in kept] == [[1], []]


def test_a_restore_keeps_the_log_of_a_killed_server(
    store: Store, path: Path, tmp_path: Path
) -> None:
    backup(path.parent, tmp_path / "copia.db")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    store.incidents.commit(creation())
    for name in ("alerta.db", "alerta.db-wal"):
        (crashed / name).write_bytes((tmp_path / name).read_bytes())

    restore(crashed, tmp_path / "copia.db")

    (kept,) = (crashed / name for name in _files(crashed) if "before-restore" in name)
    assert _changes(kept) == [1]
    assert _changes(crashed / "alerta.db") == []


def test_a_restore_replaces_a_damaged_database(
    open_store: OpenStore, path: Path, tmp_path: Path
) -> None:
    store = open_store()
    store.incidents.commit(creation(incidentId="a"))
    backup(path.parent, tmp_path / "copia.db")
    store.close()
    path.write_bytes(b"nada de esto es una base de datos" * 1000)
    path.with_name("alerta.db-wal").write_bytes(b"ni esto" * 1000)

    restore(path.parent, tmp_path / "copia.db")

    assert open_store().incidents.get("a").seq == 1
    (kept,) = (tmp_path / name for name in _files(tmp_path) if "before-restore" in name)
    assert kept.read_bytes() == b"nada de esto es una base de datos" * 1000


def test_a_restore_into_a_new_folder_works(store: Store, path: Path, tmp_path: Path) -> None:
    store.incidents.commit(creation())
    backup(path.parent, tmp_path / "copia.db")

    restore(tmp_path / "nueva", tmp_path / "copia.db")

    assert _files(tmp_path / "nueva") == {"alerta.db", "lock"}
    assert _changes(tmp_path / "nueva" / "alerta.db") == [1]


def test_a_restore_while_serving_is_refused(store: Store, path: Path, tmp_path: Path) -> None:
    backup(path.parent, tmp_path / "copia.db")
    store.incidents.commit(creation())

    with DataFolder.open(path.parent), pytest.raises(DataRefused, match="ya la usa"):
        restore(path.parent, tmp_path / "copia.db")

    assert store.incidents.position().seq == 1


def _not_a_database(path: Path) -> None:
    path.write_text("nada")


def _empty(path: Path) -> None:
    path.touch()


def _another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 20 : 4096 * 30] = b"\xff" * 4096 * 10
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (Path.unlink, "No existe"),
        (_not_a_database, "no es una base de datos"),
        (_empty, "no es una base de datos de Alerta UTEC"),
        (_another_program, "no es una base de datos de Alerta UTEC"),
        (_newer, "versión más nueva"),
        (_damaged, "copia.db"),
    ],
)
def test_a_restore_of_a_damaged_copy_is_refused_and_changes_nothing(
    open_store: OpenStore,
    path: Path,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    why: str,
) -> None:
    store = open_store()
    for _ in range(50):
        store.incidents.commit(creation(description="x" * 4000))
    before = store.incidents.position()
    store.close()
    copy = tmp_path / "copia.db"
    if spoil in (_newer, _damaged, Path.unlink):
        backup(path.parent, copy)
    spoil(copy)

    with pytest.raises(DataRefused, match=why):
        restore(path.parent, copy)

    assert open_store().incidents.position() == before
    assert not [n for n in _files(tmp_path) if "before-restore" in n or n.endswith(".tmp")]


KILLED = """
import os, sys
from pathlib import Path
from alerta_utec.adapters.sqlite import backup
def killed(*_): os._exit(9)
getattr(backup, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]), killed)
"""


def test_what_killed_backups_leave_is_removed_by_the_next_one(
    store: Store, path: Path, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    theirs = copies / ".alerta-utec-of-another.txt"
    theirs.touch()
    for day in range(3):
        target = copies / f"alerta-{day}.db"
        done = run_python("-c", KILLED, "backup", str(path.parent), str(target))
        assert done.returncode == 9
        assert len(_files(copies) - {theirs.name}) == 1

    backup(path.parent, copies / "alerta-3.db")

    assert _files(copies) == {"alerta-3.db", theirs.name}


def test_a_running_backup_keeps_its_copy(store: Store, path: Path, tmp_path: Path) -> None:
    others: list[set[str]] = []

    def another_meanwhile(_done: int, _total: int) -> None:
        if not others:
            others.append(set())
            backup(path.parent, tmp_path / "second.db")

    backup(path.parent, tmp_path / "first.db", another_meanwhile)

    assert {"first.db", "second.db"} <= _files(tmp_path)
    assert not [name for name in _files(tmp_path) if name.endswith(".tmp")]
