"""``kill -9`` during commits: every acknowledged change is stored, and none in part."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.contract.builders import creation
from tests.unit.adapters.sqlite.conftest import OpenStore

WRITER = """
import sys
from pathlib import Path
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from tests.contract.builders import creation

database = Database(Path(sys.argv[1]))
incidents = SqliteIncidents(database, steps=[SqliteNotifications(database)])
while True:
    committed = incidents.commit(creation(urgency="high", description="x" * 2000))
    print(committed.change.after.seq, committed.change.incident_id, flush=True)
"""
ROOT = Path(__file__).parents[4]


def _commit_until_killed(path: Path, commits: int) -> list[tuple[int, str]]:
    """Return the acknowledged changes of a child that was killed after at least ``commits``."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(commits)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(seq), incident_id) for seq, incident_id in whole]


def test_a_killed_server_loses_no_acknowledged_report(open_store: OpenStore, path: Path) -> None:
    acknowledged: list[tuple[int, str]] = []

    for commits in (1, 17, 60):
        acknowledged += _commit_until_killed(path, commits)
        store = open_store()
        seq = store.incidents.position().seq
        changes = store.incidents.changes(after_seq=0, limit=10**6)
        stored = [(change.after.seq, change.incident_id) for change in changes]

        assert [number for number, _ in stored] == list(range(1, seq + 1))
        assert set(acknowledged) <= set(stored)
        assert all(store.incidents.get(c.incident_id) == c.after for c in changes)
        assert list(store.notices.unrouted(10**6)) == list(changes)
        assert store.incidents.commit(creation(urgency="high")).change.after.seq == seq + 1
        store.close()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
