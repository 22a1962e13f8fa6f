"""The data folder: all files of one server, locked for that server alone."""

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from alerta_utec.adapters.sqlite.errors import DataRefused

DATABASE_NAME = "alerta.db"
MAILDIR_NAME = "mail"
LOCK_NAME = "lock"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder that is locked for this process until it is closed.

    The kernel holds the lock (``flock``), so it is free again however the process ends.
    """

    path: Path
    _lock_fd: int

    @classmethod
    def open(cls, path: Path) -> Self:
        """Create the folder if it is missing, lock it, and make it private to its owner.

        Raises:
            DataRefused: another process has the lock, or the folder cannot be created or written.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_fd = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataRefused(
                f"No se puede usar la carpeta de datos {path}: {error.strerror}."
            ) from error
        try:
            _take(path, lock_fd)
            _make_private(path)
        except BaseException:
            os.close(lock_fd)
            raise
        return cls(path.absolute(), lock_fd)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / DATABASE_NAME

    @property
    def maildir(self) -> Path:
        """The folder of e-mails without a mail server."""
        return self.path / MAILDIR_NAME

    def close(self) -> None:
        """Release the folder; call it once."""
        os.close(self._lock_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _make_private(path: Path) -> None:
    """Make all files private to their owner, also in a folder that existed with other modes.

    systemd's StateDirectory, for example, creates it with 0755. Files of other users stay as they
    are.
    """
    is_private = not path.stat().st_mode & 0o077
    _restrict(path)
    for entry in path.iterdir():
        _restrict(entry)
    if is_private:
        return  # others could not reach the files deeper down; a walk at each start costs time
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            _restrict(Path(folder, name))


def _restrict(path: Path) -> None:
    with suppress(FileNotFoundError, PermissionError):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISLNK(found.st_mode) and mode & 0o077:
            path.chmod(mode & 0o700)


def _take(path: Path, lock_fd: int) -> None:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock_fd, 32, 0).decode("ascii", "replace").strip() or "desconocido"
        raise DataRefused(
            f"La carpeta de datos {path} ya la usa otro servidor (proceso {holder}). "
            "Deténgalo o elija otra carpeta con --data."
        ) from error
    except OSError as error:
        raise DataRefused(
            f"No se puede bloquear la carpeta de datos {path}: {error.strerror}."
        ) from error
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)
