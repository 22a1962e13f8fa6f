"""A full disk and a locked database: no ack without a stored change, and no restart."""

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServeFactory
from tests.support.incidents import incident
from tests.support.load import Frame, Talker, run
from tests.support.server import Server
from tests.support.wsclient import WsClient

SUBMITTERS = 100
# The service waits once for another process's lock, for 5 s, not once per request.
UNANSWERED_S = 12.0
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
Fault = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def files_that_cannot_grow(server: Server) -> Iterator[None]:
    """Make the kernel refuse every write of the server beyond a file's first 16 KB."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (16 * 1024, hard))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


class TinyDiskServer(Server):
    """A server whose data folder is a file system of 6 MB of its own."""

    MOUNT = 'mount -t tmpfs -o size=6m tmpfs "$1" && shift && exec "$@"'

    def command(self) -> list[str]:
        self.data.mkdir()
        mount = ["unshare", "--map-root-user", "--mount", "sh", "-c", self.MOUNT, "sh"]
        return [*mount, str(self.data), *super().command()]

    @property
    def disk(self) -> Path:
        """Return the data folder as the server sees it."""
        return Path(f"/proc/{self.pid}/root{self.data}")


def test_a_full_disk_refuses_reports_until_there_is_room(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount anything")
    with TinyDiskServer(tmp_path / "data") as server:
        filler = server.disk / "filler"
        acks = run(submit_all(server.port, names("antes")))
        fill(filler)

        during = run(submit_all(server.port, names("durante")))
        healthy = server.answers()
        filler.unlink()
        repeated = run(submit_all(server.port, names("durante")))

        with WsClient(server.ws_url) as client:
            head = client.ping()["position"]
        told_why = "SQLITE_FULL" in server.output
    assert {frame.get("code") for frame in during.values()} <= {None, "unavailable"}
    assert told_why
    refused = [frame for frame in during.values() if frame["type"] == "error"]
    assert len(refused) > SUBMITTERS / 2
    assert healthy
    assert {ack["type"] for ack in repeated.values()} == {"ack"}
    assert {n for n, ack in repeated.items() if ack["duplicate"]} == {
        n for n, frame in during.items() if frame["type"] == "ack"
    }
    seqs = sorted(ack["seq"] for ack in (acks | repeated).values())
    assert seqs == list(range(1, 2 * SUBMITTERS + 1))
    assert head.endswith(f":{2 * SUBMITTERS}")


def fill(path: Path) -> None:
    """Fill the disk."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 1024):
            pass


@contextmanager
def another_process_that_writes(server: Server) -> Iterator[None]:
    """Hold the database's write lock in another process."""
    command = [sys.executable, "-c", LOCK, str(server.data / "alerta.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield


def notify(name: str) -> dict[str, Any]:
    """Return a submission with a key."""
    report = incident(name=name, description="x" * 1000)
    return {"action": "notify", "incident": report, "idempotencyKey": name}


async def submit_all(port: int, names: list[str]) -> dict[str, Frame]:
    """Submit each name through a client of its own, all at once; return the answers by name."""

    async def one(name: str) -> Frame:
        client = await Talker().open(port)
        return await client.request(notify(name), UNANSWERED_S)

    answers = await asyncio.gather(*(one(name) for name in names))
    return dict(zip(names, answers, strict=True))


def names(word: str) -> list[str]:
    """Return a name for each submitter."""
    return [f"{word}-{number}" for number in range(SUBMITTERS)]


def stored(server: Server) -> dict[str, tuple[str, int]]:
    """Return id and seq of the stopped server's changes by name; assert a gapless feed."""
    with closing(sqlite3.connect(server.data / "alerta.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT seq, state_after FROM changes ORDER BY seq").fetchall()
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    states = [(json.loads(state), seq) for seq, state in rows]
    found = {state["name"]: (state["incidentId"], seq) for state, seq in states}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("fault", [files_that_cannot_grow, another_process_that_writes])
def test_reports_are_refused_while_the_store_cannot_write_and_accepted_afterwards(
    serve: ServeFactory, fault: Fault
) -> None:
    server = serve()
    before = run(submit_all(server.port, names("antes")))
    with WsClient(server.ws_url) as listener:
        with fault(server):
            during = run(submit_all(server.port, names("durante")))
            caught_up = listener.request({"action": "sync"})
            healthy = server.answers()
        repeated = run(submit_all(server.port, names("durante")))
        after = run(submit_all(server.port, names("después")))
        listener.ping()
        told = [frame["incident"]["name"] for frame in listener.frames if "incident" in frame]
    server.kill9()
    server.start()
    assert server.stop() == 0

    assert {(frame["type"], frame.get("code")) for frame in during.values()} == {
        ("error", "unavailable")
    }
    assert caught_up["incidents"]
    assert healthy
    acks = before | repeated | after
    assert {ack["type"] for ack in acks.values()} == {"ack"}
    assert stored(server) == {name: (a["incidentId"], a["seq"]) for name, a in acks.items()}
    assert sorted(told) == sorted([*names("durante"), *names("después")])
