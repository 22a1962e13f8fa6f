"""The backup of a database that may be in use, and its restore."""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from alerta_utec.adapters.sqlite.data_folder import DATABASE_NAME, DataFolder
from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.adapters.sqlite.schema import begin_epoch, check, migrate

TEMPORARY_PREFIX, TEMPORARY_SUFFIX = ".alerta-utec-", ".tmp"
PAGES_PER_STEP = 500
BUSY_TIMEOUT_S = 10.0

Progress = Callable[[int, int], None]


def backup(data: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy the database of the folder ``data`` to ``target``, also while a server uses it.

    The copy is of one moment. It is written beside ``target``, checked, and then replaces it in
    one step. ``progress`` is called after each step with the pages done and the pages in all.

    Raises:
        DataRefused: there is no database, or the copy failed or is damaged.
    """
    source = data / DATABASE_NAME
    if not source.is_file():
        raise DataRefused(f"No hay ninguna base de datos en {data}.")
    if target.exists() and target.samefile(source):
        raise DataRefused(f"{target} es la base de datos misma; elija otro archivo.")
    with _refused(f"No se pudo hacer la copia {target}"), _beside(target) as temporary:
        _copy(source, temporary, progress)
        _sync(temporary)
        temporary.replace(target)
        _sync(target.absolute().parent)


def restore(data: Path, source: Path, *, dry_run: bool = False) -> None:
    """Replace the database of the folder ``data`` by the copy ``source``; check it in a dry run.

    The restored store has a new epoch, so that clients get a new snapshot. The replaced
    database stays beside it as ``alerta.db.before-restore-<UTC time>``.

    Raises:
        DataRefused: a server uses the folder, or ``source`` is damaged, of another program or of a
            later version; nothing was changed.
    """
    if not source.is_file():
        raise DataRefused(f"No existe el archivo {source}.")
    with (
        DataFolder.open(data) as folder,
        _refused(f"No se pudo restaurar {source}"),
        _beside(folder.database) as temporary,
    ):
        _copy(source, temporary, None)
        _begin_epoch(temporary, source)
        if dry_run:
            return
        _sync(temporary)
        if folder.database.exists():
            _set_aside(folder.database)
        temporary.replace(folder.database)
        _sync(folder.path)


@contextmanager
def _refused(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            reason = "no es una base de datos"
        raise DataRefused(f"{what}: {reason}.") from error


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Create a temporary file in the folder of ``target``; remove it at the end if it is left."""
    folder = target.absolute().parent
    _remove_leftovers(folder)
    descriptor, name = tempfile.mkstemp(TEMPORARY_SUFFIX, TEMPORARY_PREFIX, folder)
    temporary = Path(name)
    try:
        # Kept open to the end: closing it would end SQLite's own locks on the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield temporary
    finally:
        _remove(temporary)
        os.close(descriptor)


def _remove_leftovers(folder: Path) -> None:
    """Remove the copies that killed commands have left: they hold secrets, and take space.

    A command that still runs has the lock of its own.
    """
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*{TEMPORARY_SUFFIX}"):
        with suppress(OSError), leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(leftover)


def _remove(temporary: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, target: Path, progress: Progress | None) -> None:
    """Copy one moment of a database in use into one file without a log beside it."""
    with closing(_open(source)) as origin, closing(_open(target)) as copy:
        # Without an open transaction, each commit by another process would restart the copy.
        origin.execute("BEGIN")
        if not check(origin, str(source)):
            raise DataRefused(f"{source} no es una base de datos de Alerta UTEC.")
        origin.backup(
            copy,
            pages=PAGES_PER_STEP,
            progress=lambda _status, left, total: (
                progress(total - left, total) if progress else None
            ),
        )
        origin.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        findings = [line for (line,) in copy.execute("PRAGMA integrity_check(3)")]
        if findings != ["ok"]:
            raise DataRefused(f"{source} está dañada: {'; '.join(findings)}.")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
    )


def _begin_epoch(path: Path, source: Path) -> None:
    with closing(_open(path)) as connection:
        migrate(connection, str(source))
        begin_epoch(connection)


def _set_aside(database: Path) -> None:
    """Link the database under a second name, so that its path is never without a file."""
    # If the file is too damaged to take in its log, the log is moved along with it.
    with suppress(sqlite3.Error), closing(_open(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    kept = database.with_name(
        f"{database.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    )
    try:
        os.link(database, kept)
    except OSError:  # a file system without links
        shutil.copy2(database, kept)
    log = database.with_name(database.name + "-wal")
    if log.exists():
        log.replace(kept.with_name(kept.name + "-wal"))
    database.with_name(database.name + "-shm").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Flush the file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
