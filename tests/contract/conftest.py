"""Everything that plays a port, as one fixture per port.

A fixture here is named after its port; its parameters name the players. Each player is a
fixture of its own (``memory_incidents``, ``sqlite_incidents``, …), fresh for every test.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerta_utec.adapters.local.database import Database
from alerta_utec.adapters.local.sqlite import SqliteIncidents
from alerta_utec.adapters.memory import MemoryIncidents
from alerta_utec.ports import IncidentStore


@pytest.fixture
def memory_incidents() -> MemoryIncidents:
    return MemoryIncidents()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "alerta.db")
    yield opened
    opened.close()


@pytest.fixture
def sqlite_incidents(database: Database) -> SqliteIncidents:
    return SqliteIncidents(database, on_commit=lambda _change: None)


@pytest.fixture(params=["memory", "sqlite"])
def incidents(request: pytest.FixtureRequest) -> IncidentStore:
    """An empty ``IncidentStore``."""
    store: IncidentStore = request.getfixturevalue(f"{request.param}_incidents")
    return store
