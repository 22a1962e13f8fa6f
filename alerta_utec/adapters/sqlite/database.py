"""A SQLite file with one writer at a time, and readers that never wait for it."""

import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alerta_utec.adapters.damaged_rows import DamagedRows
from alerta_utec.adapters.sqlite import file_identity
from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.adapters.sqlite.file_identity import FileIdentity
from alerta_utec.adapters.sqlite.schema import migrate
from alerta_utec.domain.errors import Unavailable

log = logging.getLogger(__name__)

# Together under the 20 s that a commit may block.
WRITE_LOCK_TIMEOUT_S = 12.0
BUSY_TIMEOUT_S = 5.0
IDLE_READERS_MAX = 8


@contextmanager
def translated() -> Iterator[None]:
    """Translate SQLite's errors; the transaction has been rolled back.

    Raises:
        Unavailable: the disk is full, or the file locked, read-only or damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        log.warning("database_failed", extra={"error": name})
        raise Unavailable(f"SQLite: {name}") from error


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataRefused(f"No se puede usar {path}: {reason}.") from error


class Database:
    """An open database file with the latest schema."""

    def __init__(self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, durable: bool = True):
        """Open the file, or create it.

        Without ``durable`` no commit waits for the disk: a crash of the machine can then damage
        the file, a crash of this process cannot.

        Raises:
            DataRefused: the file is another program's, of a later version, or cannot be used.
        """
        self._path = path
        self._durable = durable
        self._busy_timeout_s = busy_timeout_s
        self._busy_wait_s = busy_timeout_s
        self._write_lock = threading.RLock()
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(IDLE_READERS_MAX)
        self._closed = False
        self.damaged_rows = DamagedRows()
        with _refused(path):
            # SQLite gives its log and index files the mode of the main file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            new_epoch_reason = file_identity.examine(path)
            self._identity = FileIdentity.of(path)
            self._moved = False
            self._writer = self._connect()
        try:
            with _refused(path):
                self._set_up(new_epoch_reason)
        except BaseException:
            self._writer.close()
            raise

    @contextmanager
    def write_lock(self, within_s: float = WRITE_LOCK_TIMEOUT_S) -> Iterator[None]:
        """Hold the write lock of this process, which is reentrant.

        Raises:
            Unavailable: it was not free ``within_s``.
        """
        if not self._write_lock.acquire(timeout=max(0.0, within_s)):
            raise Unavailable("SQLite: the writer is busy")
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: commit when the block ends, roll back when it raises.

        Raises:
            Unavailable: nothing was stored.
        """
        with self.write_lock(), translated():
            connection = self._writer
            self._check_not_moved()
            self._begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # After some errors, such as a full disk, SQLite has rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one query, which sees the last commit.

        Raises:
            Unavailable.
        """
        with translated():
            self._check_not_moved()
            connection = self._reader()
            try:
                yield connection
            finally:
                self._put_back(connection)

    def close(self) -> None:
        """Wait for the writer, fold the log into the file and close it. Idempotent.

        Raises:
            Unavailable: a write did not end in time; nothing was closed.
        """
        with self.write_lock():
            if self._closed:
                return
            self._closed = True
            self._close_readers()
            # The last connection to close checkpoints by itself, but says nothing if it cannot.
            try:
                file_identity.mark_closed(self._writer, self._path)
            except (sqlite3.Error, OSError):
                log.exception("checkpoint_failed")
            self._writer.close()

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction with the file's write lock.

        After a caller has waited for another process for the whole timeout, the next callers do
        not wait one after another: they fail at once until the lock is free.
        """
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                self._wait_at_most(0)
            raise
        self._wait_at_most(self._busy_timeout_s)

    def _wait_at_most(self, timeout_s: float) -> None:
        if timeout_s != self._busy_wait_s:
            self._writer.execute(f"PRAGMA busy_timeout = {round(timeout_s * 1000)}").fetchone()
            self._busy_wait_s = timeout_s

    def _check_not_moved(self) -> None:
        """Refuse to use a file that is no longer at its path.

        SQLite would go on with the open file, and its commits would be missing after the next
        start.

        Raises:
            Unavailable: the file was moved, removed or replaced.
        """
        try:
            moved = FileIdentity.of(self._path) != self._identity
        except OSError:
            moved = True
        if moved != self._moved:
            self._moved = moved
            event = "database_moved" if moved else "database_back"
            log.error(event, extra={"path": str(self._path)})
        if moved:
            raise Unavailable("SQLite: the file was moved or replaced")

    def _set_up(self, new_epoch_reason: str | None) -> None:
        self._writer.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'OFF'}")
        migrate(self._writer, str(self._path))
        self._writer.execute("PRAGMA journal_mode = WAL").fetchone()
        file_identity.mark_open(self._writer, self._path, new_epoch_reason)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )

    def _reader(self) -> sqlite3.Connection:
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        if self._closed:
            raise Unavailable("SQLite: closed")
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _put_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()
        if self._closed:
            self._close_readers()

    def _close_readers(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
