"""Statistics over many incidents: they take little memory and hold up nothing else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.builders import creation
from tests.support.filled_store import fill_store
from tests.support.memory import resident_bytes

INCIDENTS = 3000
DESCRIPTION = "x" * 4000
REQUESTS = 40
# One description each for two readers would be 24 MB; forty readers took hundreds.
GROWTH_MAX_BYTES = 64 * 1024 * 1024


def test_many_requests_for_statistics_share_one_count_and_delay_no_health_check(
    serve: ServeFactory, tmp_path: Path
) -> None:
    began = datetime.now(UTC) - timedelta(days=20)
    fill_store(
        tmp_path / "data",
        (
            creation(
                at=began + timedelta(minutes=number),
                description=DESCRIPTION,
                type=f"tipo {number % 40}",
            )
            for number in range(INCIDENTS)
        ),
    )
    server = serve()
    before = resident_bytes(server.pid)

    with ThreadPoolExecutor(REQUESTS) as clients:
        url = f"{server.http_url}/stats?days=31"
        asked = [clients.submit(http_request, "GET", url) for _ in range(REQUESTS)]
        healthy = [http_request("GET", f"{server.http_url}/health").status for _ in range(20)]
        answers = [one.result() for one in asked]

    assert set(healthy) == {200}
    assert {answer.status for answer in answers} == {200}
    assert {answer.json()["total"] for answer in answers} == {INCIDENTS}
    assert resident_bytes(server.pid) - before < GROWTH_MAX_BYTES
