"""HTTP clients that do not read: their responses have limits of bytes and of time."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.gateway.limits import Limits
from tests.e2e.raw import RawSocket
from tests.support.certificates import self_signed, server_context, trusting_context
from tests.support.eventually import eventually
from tests.unit.gateway.running import Recorder, Running, gateway

ROUTE = "GET /large"
REQUEST = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SIZE_BYTES = 8 * 1024 * 1024
BUFFER_BYTES = 4096
LIMITS = Limits(response_stall_s=1.5, responses_max_bytes=3 * SIZE_BYTES)


def serve(limits: Limits = LIMITS, size_bytes: int = SIZE_BYTES, **options: Any) -> Any:
    large = Recorder({"statusCode": 200, "body": "x" * size_bytes})
    return gateway({}, http=large, http_routes=(ROUTE,), limits=limits, **options)


def client(port: int) -> socket.socket:
    """Return a connection with a small receive buffer."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.settimeout(20)
    opened.connect(("127.0.0.1", port))
    return opened


def waiting(running: Running) -> int:
    return running.gateway.http_backlog.waiting_bytes()


def rest(reader: socket.socket, *, pause_s: float = 0.0, within: int = 1 << 30) -> int:
    """Read to the end of the connection, or up to so many bytes, and return how many came."""
    count = 0
    while count < within:
        try:
            data = reader.recv(65536)
        except ConnectionError:
            break
        if not data:
            break
        count += len(data)
        time.sleep(pause_s)
    return count


def test_a_client_that_never_reads_is_cut_off() -> None:
    with serve() as running, client(running.port) as stalled:
        stalled.sendall(REQUEST)
        eventually(lambda: waiting(running), "a response that waits")

        eventually(lambda: waiting(running) == 0, "its end")
        assert rest(stalled) < SIZE_BYTES


def test_a_client_that_never_reads_is_cut_off_after_it_has_asked_for_the_end() -> None:
    with serve() as running, client(running.port) as stalled:
        stalled.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        eventually(lambda: waiting(running), "a response that waits")

        eventually(lambda: waiting(running) == 0, "its end")


def test_pipelined_requests_of_a_client_that_never_reads_are_not_all_answered() -> None:
    limits = Limits(response_stall_s=1.5)
    with serve(limits, size_bytes=32 * 1024) as running, client(running.port) as stalled:
        stalled.setblocking(False)
        for _ in range(2000):
            try:
                stalled.send(REQUEST)
            except (BlockingIOError, ConnectionError):
                break
        eventually(lambda: waiting(running), "a response that waits")
        held = waiting(running)

        eventually(lambda: waiting(running) == 0, "its end")
        assert held <= 64 * 1024


def test_a_slow_reader_gets_its_whole_response() -> None:
    limits = Limits(response_stall_s=1.5)
    with serve(limits, size_bytes=SIZE_BYTES // 4) as running, client(running.port) as slow:
        slow.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        began = time.monotonic()

        received = 0
        while time.monotonic() - began < 3 * limits.response_stall_s:
            received += rest(slow, within=4096)
            time.sleep(0.2)
        received += rest(slow)

        assert received > SIZE_BYTES // 4
        assert time.monotonic() - began > limits.response_stall_s


def test_a_client_that_reads_nothing_makes_room_for_those_that_read() -> None:
    limits = Limits(response_stall_s=3600, responses_max_bytes=3 * SIZE_BYTES)
    with serve(limits) as running, ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(client(running.port)).sendall(REQUEST)
        # There is room for no further response.
        full = limits.responses_max_bytes - SIZE_BYTES
        eventually(lambda: waiting(running) > full, "responses that wait")

        def whole() -> bool:
            with RawSocket(running.port) as reader:
                reader.send(REQUEST)
                return reader.status() == 200

        assert eventually(whole, "a response for a client that reads")
        assert waiting(running) <= limits.responses_max_bytes


def test_a_tls_client_that_never_reads_is_cut_off(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with (
        serve(tls=server_context(certificate)) as running,
        client(running.port) as raw,
        trusting_context(certificate).wrap_socket(raw, server_hostname="127.0.0.1") as stalled,
    ):
        stalled.sendall(REQUEST)
        eventually(lambda: waiting(running), "a response that waits")

        eventually(lambda: waiting(running) == 0, "its end")


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02"])
def test_a_tls_handshake_has_its_time(tmp_path: Path, sent: bytes) -> None:
    certificate = self_signed(tmp_path)
    with (
        serve(Limits(handshake_s=0.5), tls=server_context(certificate)) as running,
        RawSocket(running.port) as silent,
    ):
        silent.send(sent)

        assert silent.is_ended()
