"""A database file, and stores on it that a test opens and closes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.domain.change import Change
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from tests.fakes.commits import CommitLog


@dataclass(frozen=True)
class Store:
    """The stores over one open database; ``committed_changes`` are those the listener received."""

    database: Database
    incidents: SqliteIncidents
    notices: SqliteNotifications
    committed_changes: list[Change]

    def close(self) -> None:
        self.database.close()


OpenStore = Callable[[], Store]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerta.db"


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    """Yield a function that opens the store at ``path``; it is closed after the test."""
    with ExitStack() as stack:

        def open_it() -> Store:
            database = Database(path, busy_timeout_s=0.05)
            stack.callback(database.close)
            committed_changes, notices = CommitLog(), SqliteNotifications(database)
            incidents = SqliteIncidents(database, listener=committed_changes, steps=[notices])
            return Store(database, incidents, notices, committed_changes)

        yield open_it


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()
