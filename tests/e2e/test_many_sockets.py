"""Many sockets that open and close."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ServeFactory
from tests.e2e.raw import RawSocket
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import WsClient

SOCKETS = 10_000
BATCH = 500
# Twelve times what a socket's buffers and the server's queue for one client take.
BURST = 1000
SETTLE_S = 30.0
LEFT_OVER = 20


@pytest.fixture
def many_files() -> Iterator[None]:
    """Raise the limit of open files for this process and the servers that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_10000_sockets_opened_and_dropped_leave_nothing_behind(serve: ServeFactory) -> None:
    server = serve()
    with WsClient(server.ws_url) as bystander:
        before = open_files(server)
        accepted = bystander.notify(incident())

        for start in range(0, SOCKETS, BATCH):
            open_and_drop(server, start)

        assert bystander.ping()["type"] == "pong"
        eventually(
            lambda: open_files(server),
            "the server closes the dropped sockets",
            accept=lambda count: count <= before + LEFT_OVER,
            within_s=SETTLE_S,
        )
        told = bystander.notify(incident())
        assert told["seq"] == accepted["seq"] + 1
        bystander.wait_update(told["incidentId"])


def test_a_client_that_stops_reading_delays_no_other_and_is_disconnected(server: Server) -> None:
    report = {"action": "notify", "incident": incident(description="x" * 4000, more="y" * 8000)}
    with RawSocket(server.port) as stalled, WsClient(server.ws_url) as reads:
        assert stalled.handshake() == 101

        for _ in range(BURST):
            reads.send(report)

        reads.wait(lambda _frame: len(reads.frames) >= BURST)
        assert stalled.is_ended()
        assert reads.ping()["type"] == "pong"


def open_and_drop(server: Server, start: int) -> None:
    """Open a batch of sockets and drop them in four ways: at once, half-way, open, and by reset."""
    sockets = [RawSocket(server.port) for _ in range(BATCH)]
    for number, raw in enumerate(sockets, start):
        if number % 4 == 1:
            raw.send(b"GET /dev HTTP/1.1\r\nHo")
        elif number % 4 > 1:
            assert raw.handshake() == 101
    for number, raw in enumerate(sockets, start):
        if number % 4 == 3:
            raw.reset()
        else:
            raw.__exit__(None, None, None)


def open_files(server: Server) -> int:
    """Return the number of open files and sockets of the server."""
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())
