"""``IncidentStore`` under many threads at once."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import Committed, IncidentStore
from tests.contract.builders import creation, update

THREADS = 20


def _at_once(work: Callable[[int], Committed | None]) -> list[Committed | None]:
    start = threading.Barrier(THREADS, timeout=30)

    def run(number: int) -> Committed | None:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_twenty_threads_commit_at_once_and_seq_has_no_hole(incidents: IncidentStore) -> None:
    def work(number: int) -> Committed:
        for step in range(2):
            committed = incidents.commit(creation(incidentId=f"t{number}-{step}"))
            assert incidents.get(committed.change.incident_id) == committed.change.after
        return committed

    _at_once(work)

    changes = incidents.changes(after_seq=0, limit=100)
    assert [change.after.seq for change in changes] == list(range(1, 2 * THREADS + 1))
    assert len({change.incident_id for change in changes}) == 2 * THREADS
    assert incidents.position().seq == 2 * THREADS


def test_of_equal_requests_at_once_one_is_stored_and_the_rest_are_duplicates(
    incidents: IncidentStore,
) -> None:
    results = _at_once(lambda _: incidents.commit(creation(key="k")))

    stored = [result for result in results if result is not None]
    assert Counter(result.duplicate for result in stored) == {False: 1, True: THREADS - 1}
    assert {str(result.change.position) for result in stored} == {str(incidents.position())}
    assert incidents.position().seq == 1


def test_of_updates_of_one_revision_at_once_one_is_stored_and_the_rest_conflict(
    incidents: IncidentStore,
) -> None:
    created = incidents.commit(creation(incidentId="a")).change.after

    def work(number: int) -> Committed | None:
        change = update(created, status=Status.EN_ATENCION, note=f"hilo {number}")
        try:
            return incidents.commit(change, expected_revision=1)
        except Conflict:
            return None

    winners = [result for result in _at_once(work) if result]

    assert len(winners) == 1
    assert list(incidents.history("a"))[1:] == [winners[0].change]
    assert incidents.get("a").revision == 2
    assert incidents.position().seq == 2
