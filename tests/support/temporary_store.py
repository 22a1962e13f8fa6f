"""SQLite stores in temporary folders, for tests to which the kind of store does not matter."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.domain.change import Change
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.sign_in.local.keys import SqliteKeys
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs, SqliteWebhooks
from tests.fakes.commits import CallOnCommit


class TemporaryStore:
    """Everything that one machine stores, in a folder of its own; no commit waits for the disk.

    A store that its test does not close is closed by ``close_all`` after the test.
    """

    _open: ClassVar[dict[int, Self]] = {}

    def __init__(self, on_commit: Callable[[Change], object] = lambda _change: None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="alerta-utec-test-"))
        self._open[id(self)] = self
        self.database = Database(self._folder / "alerta.db", durable=False)
        self.notifications = SqliteNotifications(self.database)
        self.incidents = SqliteIncidents(
            self.database, listener=CallOnCommit(on_commit), steps=[self.notifications]
        )
        self.webhooks = SqliteWebhooks(self.database)
        self.keys = SqliteKeys(self.database)
        self.webhook_jobs = SqliteWebhookJobs(self.database)

    def close(self) -> None:
        """Close the database and remove the folder; repeating is harmless."""
        self._open.pop(id(self), None)
        self.database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @classmethod
    def close_all(cls) -> None:
        """Close every store that is open in this process."""
        for store in tuple(cls._open.values()):
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
