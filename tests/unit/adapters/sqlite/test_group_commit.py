"""``GroupCommit``: many changes share one transaction, and each has its own outcome."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.commit_statements import EXPIRED_PER_KEY
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.group_commit import GroupCommit
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import NotFound, Unavailable
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import Committed
from tests.contract.builders import T0, creation, update
from tests.fakes.commits import CallBeforeWait, CallOnCommit, CommitLog
from tests.unit.adapters.sqlite.conftest import Store

WAIT_S = 30
DAY = timedelta(hours=24)
Outcome = Committed | Exception


class Together:
    """Threads that commit changes so that all are queued before the first is written."""

    def __init__(self, store: Store, **options: float) -> None:
        self.committed_changes = CommitLog()
        self._arrived = threading.Barrier(1)
        self.commits = GroupCommit(
            store.database,
            listener=self.committed_changes,
            scheduler=CallBeforeWait(lambda: self._arrived.wait(WAIT_S)),
            **options,  # type: ignore[arg-type]
        )

    def __call__(self, *changes: Change) -> list[Outcome]:
        """Commit the changes and return their outcomes in the same order."""
        self._arrived = threading.Barrier(len(changes))
        with ThreadPoolExecutor(len(changes)) as pool:
            return list(pool.map(self._one, changes))

    def _one(self, change: Change) -> Outcome:
        try:
            committed = self.commits.commit(change, None)
        except Exception as error:
            return error
        assert committed.duplicate or committed.change in self.committed_changes
        return committed


@pytest.fixture
def together(store: Store) -> Together:
    return Together(store)


@contextmanager
def transactions(database: Database) -> Iterator[list[str]]:
    """Yield a list that collects how each transaction of the block ends."""
    ends: list[str] = []

    def trace(statement: str) -> None:
        if statement in {"COMMIT", "ROLLBACK"}:
            ends.append(statement)

    with database.write() as connection:
        writer = connection
    writer.set_trace_callback(trace)
    yield ends
    writer.set_trace_callback(None)


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """Return ``stored``, ``duplicate`` or the name of the error for each outcome."""
    return [
        type(outcome).__name__
        if isinstance(outcome, Exception)
        else "duplicate"
        if outcome.duplicate
        else "stored"
        for outcome in outcomes
    ]


def test_waiting_changes_are_stored_in_one_transaction(store: Store, together: Together) -> None:
    with transactions(store.database) as ends:
        outcomes = together(*(creation(incidentId=f"i{number}") for number in range(20)))

    assert ends == ["COMMIT"]
    assert kinds(outcomes) == ["stored"] * 20
    assert [change.after.seq for change in together.committed_changes] == list(range(1, 21))
    assert list(store.incidents.changes(after_seq=0, limit=50)) == together.committed_changes
    assert store.incidents.position().seq == 20


def test_a_group_has_a_size_limit(store: Store) -> None:
    together = Together(store, group_max=8)

    with transactions(store.database) as ends:
        outcomes = together(*(creation(incidentId=f"i{number}") for number in range(20)))

    assert ends == ["COMMIT"] * 3
    assert kinds(outcomes) == ["stored"] * 20
    assert [change.after.seq for change in together.committed_changes] == list(range(1, 21))


def test_a_refused_change_does_not_affect_the_others(store: Store, together: Together) -> None:
    known = store.incidents.commit(creation(incidentId="a", key="k")).change.after
    moved = store.incidents.commit(update(known, status=Status.EN_ATENCION)).change.after

    with transactions(store.database) as ends:
        outcomes = together(
            creation(incidentId="b"),
            creation(incidentId="a", key="k"),
            creation(incidentId="a", type="otro"),
            update(known),
            update(creation(incidentId="ausente").after),
            update(moved, status=Status.RESUELTO),
        )

    assert ends == ["COMMIT"]
    assert kinds(outcomes) == ["stored", "duplicate", "Conflict", "Conflict", "NotFound", "stored"]
    assert sorted(change.incident_id for change in together.committed_changes) == ["a", "b"]
    assert store.incidents.position().seq == 4


def test_equal_requests_in_one_group_are_stored_once(store: Store, together: Together) -> None:
    outcomes = together(*(creation(key="k") for _ in range(5)), creation(key="k", type="otro"))

    assert sorted(kinds(outcomes[:5]) + kinds(outcomes[5:])) in (
        ["Conflict"] + ["duplicate"] * 4 + ["stored"],
        ["Conflict"] * 5 + ["stored"],  # the other one came first
    )
    assert store.incidents.position().seq == len(together.committed_changes) == 1


def test_of_two_updates_of_one_revision_in_a_group_one_is_stored(
    store: Store, together: Together
) -> None:
    known = store.incidents.commit(creation(incidentId="a")).change.after

    outcomes = together(update(known, note="una"), update(known, note="otra"))

    assert sorted(kinds(outcomes)) == ["Conflict", "stored"]
    assert list(store.incidents.history("a"))[1:] == together.committed_changes


def test_a_repeated_group_is_all_duplicates(store: Store, together: Together) -> None:
    first = together(*(creation(key=f"k{number}") for number in range(3)))
    repeated = together(*(creation(key=f"k{number}") for number in range(3)))

    assert kinds(first) == ["stored"] * 3
    assert kinds(repeated) == ["duplicate"] * 3
    assert len(together.committed_changes) == 3


def test_a_group_removes_expired_keys_for_each_that_it_adds(
    store: Store, together: Together, path: Path
) -> None:
    for number in range(2 * EXPIRED_PER_KEY + 5):
        store.incidents.commit(creation(key=f"vieja{number}"))

    together(*(creation(key=key, at=T0 + DAY) for key in ("nueva", "otra")))

    with closing(sqlite3.connect(path)) as connection:
        (left,) = connection.execute("SELECT count(*) FROM keys").fetchone()
    assert left == 5 + 2


FAILING_COMMIT = """
CREATE TABLE parents (seq INTEGER PRIMARY KEY);
CREATE TABLE orphans (seq INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER fails AFTER INSERT ON changes BEGIN INSERT INTO orphans VALUES (NEW.seq); END;
PRAGMA foreign_keys = ON;
"""


def test_a_commit_that_fails_is_unavailable_for_the_whole_group_and_can_be_repeated(
    store: Store, together: Together
) -> None:
    changes = [creation(key=f"k{number}") for number in range(10)]
    with store.database.write() as connection:
        writer = connection
    writer.executescript(FAILING_COMMIT)

    with transactions(store.database) as ends:
        refused = together(*changes)
    nothing = store.incidents.position().seq, list(together.committed_changes)
    writer.execute("DROP TRIGGER fails")
    stored = together(*changes)

    assert ends == ["COMMIT", "ROLLBACK"]
    assert kinds(refused) == ["Unavailable"] * 10
    assert len({id(outcome) for outcome in refused}) == 10
    assert nothing == (0, [])
    assert kinds(stored) == ["stored"] * 10
    assert [change.after.seq for change in together.committed_changes] == list(range(1, 11))


def test_a_change_that_cannot_be_stored_fails_alone(store: Store, together: Together) -> None:
    broken = creation(incidentId="b")
    broken = Change(None, broken.after.model_copy(update={"description": "\ud800"}))

    outcomes = together(creation(incidentId="a"), broken, creation(incidentId="c"))

    assert kinds(outcomes) == ["stored", "PydanticSerializationError", "stored"]
    assert [change.after.seq for change in together.committed_changes] == [1, 2]
    assert store.incidents.position().seq == 2
    with pytest.raises(NotFound):
        store.incidents.get("b")


def test_a_change_that_waits_too_long_is_unavailable_and_not_stored_later(store: Store) -> None:
    together = Together(store, wait_max_s=0.05)

    with store.database.write_lock():
        outcomes = together(creation(incidentId="a"), creation(incidentId="b"))
    later = together(creation(incidentId="c"))

    assert kinds(outcomes) == ["Unavailable"] * 2
    assert kinds(later) == ["stored"]
    assert [change.incident_id for change in together.committed_changes] == ["c"]
    assert store.incidents.position().seq == 1


def test_a_listener_that_ends_the_thread_leaves_no_caller_waiting(store: Store) -> None:
    def stop(_change: Change) -> None:
        raise SystemExit

    queued = threading.Barrier(2)
    commits = GroupCommit(
        store.database,
        listener=CallOnCommit(stop),
        scheduler=CallBeforeWait(lambda: queued.wait(WAIT_S)),
    )

    def work(name: str) -> str:
        try:
            commits.commit(creation(incidentId=name), None)
        except (SystemExit, Unavailable) as error:
            return type(error).__name__
        return "stored"

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(work, ("a", "b")))

    assert ends == ["SystemExit", "Unavailable"]


def test_a_change_that_another_handler_queues_is_stored_by_the_first(path: Path) -> None:
    """The handlers of a batch run like this: the first of them writes for all."""
    database = Database(path)
    committed_changes = CommitLog()
    turns: list[Callable[[], None]] = []

    def run_the_next() -> None:
        if turns:
            turns.pop()()

    commits = GroupCommit(
        database, listener=committed_changes, scheduler=CallBeforeWait(run_the_next)
    )
    inner: list[Committed] = []
    turns.append(lambda: inner.append(commits.commit(creation(incidentId="b"), None)))

    outer = commits.commit(creation(incidentId="a"), None)

    database.close()
    assert [change.incident_id for change in committed_changes] == ["a", "b"]
    assert (outer.change, inner[0].change) == (committed_changes[0], committed_changes[1])
