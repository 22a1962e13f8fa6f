"""Statistics over many incidents: they take little memory and hold up nothing else."""

import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.builders import creation
from tests.support.server import Server

INCIDENTS = 3000
DESCRIPTION = "x" * 4000
REQUESTS = 40
# One description each for two readers would be 24 MB; forty readers took hundreds.
GROWTH_MAX_BYTES = 64 * 1024 * 1024


def fill(data: Path) -> None:
    """Store incidents of the last days in a new data folder."""
    began = datetime.now(UTC) - timedelta(days=20)
    with DataFolder.open(data) as folder, closing(Database(folder.database, durable=False)) as file:
        store = SqliteIncidents(file)
        for number in range(INCIDENTS):
            at = began + timedelta(minutes=number)
            store.commit(creation(at=at, description=DESCRIPTION, type=f"tipo {number % 40}"))


def test_many_requests_for_statistics_share_one_count_and_delay_no_health_check(
    serve: ServeFactory, tmp_path: Path
) -> None:
    fill(tmp_path / "data")
    server = serve()
    before = resident_bytes(server)

    with ThreadPoolExecutor(REQUESTS) as clients:
        url = f"{server.http_url}/stats?days=31"
        asked = [clients.submit(http_request, "GET", url) for _ in range(REQUESTS)]
        healthy = [http_request("GET", f"{server.http_url}/health").status for _ in range(20)]
        answers = [one.result() for one in asked]

    assert set(healthy) == {200}
    assert {answer.status for answer in answers} == {200}
    assert {answer.json()["total"] for answer in answers} == {INCIDENTS}
    assert resident_bytes(server) - before < GROWTH_MAX_BYTES


def resident_bytes(server: Server) -> int:
    """Return the memory that the server occupies."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()
