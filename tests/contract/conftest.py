"""Everything that plays a port, as one fixture per port.

A fixture here is named after its port; its parameters name the players. Each player is a
fixture of its own (``memory_incidents``, ``sqlite_incidents``, …), fresh for every test.
"""


import pytest

from alerta_utec.adapters.memory import MemoryIncidents
from alerta_utec.ports import IncidentStore


@pytest.fixture
def memory_incidents() -> MemoryIncidents:
    return MemoryIncidents()


@pytest.fixture(params=["memory"])
def incidents(request: pytest.FixtureRequest) -> IncidentStore:
    """An empty ``IncidentStore``."""
    store: IncidentStore = request.getfixturevalue(f"{request.param}_incidents")
    return store
