"""Clients that ask for much and read nothing, over HTTP."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from alerta_utec.domain.change import Change
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.builders import creation, update
from tests.support.eventually import eventually
from tests.support.filled_store import fill_store
from tests.support.memory import peak_bytes, resident_bytes
from tests.support.server import Server

CLIENTS = 100
# As many incidents, and revisions of the last one, as a page can have.
COUNT = 200
DESCRIPTION = "\N{FIRE}" * 4000  # 16 KB
BUFFER_BYTES = 4096
# It was over 450 MB.
GROWTH_MAX_BYTES = 100 * 1024 * 1024
PATHS = ("/incidents?limit=200", "/incidents/last")


def changes() -> Iterator[Change]:
    for _ in range(COUNT):
        yield creation(description=DESCRIPTION)
    last = creation(incidentId="last", description=DESCRIPTION)
    yield last
    for revision in range(1, COUNT):
        last = update(last.after.at_seq(COUNT + revision), note="\N{FIRE}" * 2000)
        yield last


@pytest.mark.parametrize("path", PATHS)
def test_clients_that_never_read_hold_little_memory(
    serve: ServeFactory, tmp_path: Path, path: str
) -> None:
    fill_store(tmp_path / "data", changes())
    server = serve()
    before = resident_bytes(server.pid)

    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stack.enter_context(stalled(server.port)).send(request(path))
        health = http_request("GET", f"{server.http_url}/health")
        # Requests are handled in their order, so those of all the others are by then.
        eventually(lambda: answered(server), "a response for a client that reads")

    assert health.status == 200
    assert peak_bytes(server.pid) - before < GROWTH_MAX_BYTES


def test_clients_that_send_requests_and_never_read_hold_little_memory_and_are_cut_off(
    serve: ServeFactory, tmp_path: Path
) -> None:
    fill_store(tmp_path / "data", changes())
    server = serve()
    before = resident_bytes(server.pid)

    with ExitStack() as stack:
        clients = [stack.enter_context(stalled(server.port)) for _ in range(CLIENTS)]

        def are_over() -> bool:
            for client in clients:
                with suppress(OSError):
                    client.send(request(PATHS[0]) * 100)
            assert http_request("GET", f"{server.http_url}/health").status == 200
            return all(map(is_over, clients))

        eventually(are_over, "the end of all connections", every_s=0.2)

    eventually(lambda: answered(server), "a response for a client that reads")
    assert peak_bytes(server.pid) - before < GROWTH_MAX_BYTES


def answered(server: Server) -> bool:
    return http_request("GET", f"{server.http_url}{PATHS[0]}").status == 200


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def stalled(port: int) -> socket.socket:
    """Return a connection that never reads and never waits."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.connect(("127.0.0.1", port))
    opened.setblocking(False)
    return opened


def is_over(client: socket.socket) -> bool:
    """Return whether the server has ended the connection; a reset drops what was not read."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1
