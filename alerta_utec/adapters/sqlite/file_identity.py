"""The check that a database file is the one this service left: its identity and a clean end.

A position (``EPOCH:SEQ``) promises clients that the feed's past is the one they know. A file that
was put back from a copy has another past under the same epoch, and later reports would get the
``seq`` of lost ones. So the file keeps its own device and inode and whether it was closed; where
they do not fit at the next start, a new epoch begins and every client starts over.

The limits: a whole virtual machine that is rolled back, and a copy written into the same inode
together with everything else in the folder, look like the file that was left. For them there is
``alerta-utec epoch --new``.
"""

import logging
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alerta_utec.adapters.sqlite.schema import begin_epoch

log = logging.getLogger(__name__)

# Migration 4 of the schema; an older file has no identity.
TABLE = "file_identity"


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file's device and inode: the same as long as the file is not replaced."""

    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileIdentity":
        """Return the identity of the file that is at ``path`` now.

        Raises:
            OSError: there is none.
        """
        found = path.stat()
        return cls(found.st_dev, found.st_ino)

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}"


@dataclass(frozen=True, slots=True)
class _Left:
    """The mark in the main file itself, without its log, from the last time it was open."""

    identity: str
    is_open: bool
    # The number of the page with the mark.
    page: int


def examine(path: Path) -> str | None:
    """Return why a new epoch must begin, if so; call this before SQLite opens the file.

    A log (``-wal``) that does not fit the file would be applied to it by SQLite, and mix two
    pasts: it is set aside under another name.
    """
    left = _read(path)
    if left is None:
        return None
    wal = path.with_name(f"{path.name}-wal")
    has_wal = wal.exists()
    if has_wal and not left.is_open and not _is_empty_or_has(wal, left.page):
        _set_aside(wal)
        return "stale_wal"
    if left.identity != str(FileIdentity.of(path)):
        return "other_file"
    if left.is_open and not has_wal:
        return "lost_wal"
    return None


def mark_open(connection: sqlite3.Connection, path: Path, reason: str | None) -> None:
    """Write the file's identity into it; begin a new epoch if there is a ``reason``.

    Raises:
        sqlite3.Error: it could not be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    if reason is not None:
        begin_epoch(connection)
        log.warning("new_epoch", extra={"reason": reason})
    _write(connection, path, is_open=True)
    connection.execute("COMMIT")
    # As far as readers let it: `examine` also accepts a log that has the mark.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def mark_closed(connection: sqlite3.Connection, path: Path) -> None:
    """Fold the whole log into the file, and only then mark it as closed.

    In one step, a crash in its middle could leave the mark in a file that still needs its log.

    Raises:
        sqlite3.Error, OSError: it could not be written.
    """
    if _fold(connection):
        _write(connection, path, is_open=False)
        _fold(connection)


def _fold(connection: sqlite3.Connection) -> bool:
    """Move the log into the file; return False if a reader prevents it."""
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def _write(connection: sqlite3.Connection, path: Path, *, is_open: bool) -> None:
    connection.execute(
        f"INSERT OR REPLACE INTO {TABLE} VALUES (1, ?, ?)",  # noqa: S608 (a constant)
        (str(FileIdentity.of(path)), is_open),
    )


def _read(path: Path) -> _Left | None:
    """Read the main file without its log; ``None`` if it has no identity yet."""
    if not path.is_file():
        return None
    # A file that cannot be read here is refused, with the reason, when the database is opened.
    with suppress(sqlite3.Error), closing(_open_main_file(path)) as connection:
        row = connection.execute(
            f"SELECT identity, is_open, rootpage FROM {TABLE}, sqlite_master WHERE name = ?",  # noqa: S608 (a constant)
            (TABLE,),
        ).fetchone()
        return _Left(row[0], bool(row[1]), row[2]) if row else None
    return None


def _is_empty_or_has(wal: Path, page: int) -> bool:
    """Return whether a log can belong to a file that was closed.

    The mark is the first write after each opening. So a log with the mark's page holds everything
    since then; one without it is newer, and parts of its past are in another main file.
    (SQLite, "WAL-mode File Format": a header of 32 bytes; frames of 24 bytes and a page, which
    begin with the page's number.)
    """
    with wal.open("rb") as log_file:
        header = log_file.read(32)
        if len(header) < 32:
            return True
        page_bytes = int.from_bytes(header[8:12], "big")
        while frame := log_file.read(24):
            if int.from_bytes(frame[:4], "big") == page:
                return True
            log_file.seek(page_bytes, os.SEEK_CUR)
    return False


def _open_main_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _set_aside(wal: Path) -> None:
    kept = wal.with_name(f"{wal.name}.stale-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    wal.replace(kept)
    wal.with_name(f"{wal.name.removesuffix('-wal')}-shm").unlink(missing_ok=True)
    log.warning("stale_wal", extra={"kept": str(kept)})
