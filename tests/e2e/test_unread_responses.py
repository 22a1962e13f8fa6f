"""Clients that ask for much and read nothing, over HTTP."""

import socket
from contextlib import ExitStack
from pathlib import Path

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.builders import creation
from tests.support.eventually import eventually
from tests.support.filled_store import fill_store
from tests.support.memory import resident_bytes

CLIENTS = 100
INCIDENTS = 200
DESCRIPTION = "\N{FIRE}" * 4000  # 16 KB
BUFFER_BYTES = 4096
# 64 MB of responses, and what eight handlers at a time need to make them; it was over 800 MB.
GROWTH_MAX_BYTES = 512 * 1024 * 1024
REQUEST = b"GET /incidents?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_clients_that_never_read_hold_little_memory_and_are_cut_off(
    serve: ServeFactory, tmp_path: Path
) -> None:
    fill_store(tmp_path / "data", (creation(description=DESCRIPTION) for _ in range(INCIDENTS)))
    server = serve()
    before = resident_bytes(server.pid)

    with ExitStack() as stack:
        clients = [stack.enter_context(stalled(server.port)) for _ in range(CLIENTS)]
        # Each is answered, refused or cut off before the limit of time.
        eventually(lambda: "http_client_too_slow" in server.output, "the first is cut off")
        grown = resident_bytes(server.pid) - before
        answer = http_request("GET", f"{server.http_url}/incidents?limit=1")
        eventually(lambda: all(map(is_over, clients)), "the end of all connections")

    assert answer.status == 200
    assert grown < GROWTH_MAX_BYTES


def stalled(port: int) -> socket.socket:
    """Return a connection that has asked for everything and never reads."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.connect(("127.0.0.1", port))
    opened.sendall(REQUEST)
    return opened


def is_over(client: socket.socket) -> bool:
    """Return whether the server has ended the connection; a reset drops what was not read."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1
