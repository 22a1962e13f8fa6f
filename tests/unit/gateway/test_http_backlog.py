"""HTTP clients that do not read: their responses have limits of bytes and of time."""

import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.gateway.http_backlog import IDLE_S, SMALL_BYTES
from alerta_utec.gateway.limits import Limits
from tests.e2e.raw import RawSocket
from tests.support.certificates import self_signed, server_context, trusting_context
from tests.support.eventually import eventually
from tests.unit.gateway.running import Recorder, Running, gateway

ROUTE = "GET /large"
REQUEST = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SIZE_BYTES = 8 * 1024 * 1024
BUFFER_BYTES = 4096
LIMITS = Limits(
    response_stall_s=1.5,
    responses_per_address_max_bytes=3 * SIZE_BYTES,
    responses_max_bytes=3 * SIZE_BYTES,
)
# Its responses wait for as long as no other client needs their place.
PATIENT = Limits(
    response_stall_s=60,
    responses_per_address_max_bytes=2 * SIZE_BYTES,
    responses_max_bytes=4 * SIZE_BYTES,
)


def serve(limits: Limits = LIMITS, size_bytes: int = SIZE_BYTES, **options: Any) -> Any:
    large = Recorder({"statusCode": 200, "body": "x" * size_bytes})
    return gateway({}, http=large, http_routes=(ROUTE,), limits=limits, **options)


def client(port: int, address: str = "127.0.0.1") -> socket.socket:
    """Return a connection from a loopback address, with a small receive buffer."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.settimeout(20)
    opened.bind((address, 0))
    opened.connect(("127.0.0.1", port))
    return opened


def status_of(reader: socket.socket) -> int:
    """Ask for the resource and return the status, with the whole response read."""
    reader.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    head = reader.recv(12)
    rest(reader)
    return int(head.split(b" ")[1])


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


@pytest.mark.parametrize("size_bytes", [100, 4096, 4097, 32 * 1024, 100 * 1024])
def test_pipelined_requests_of_a_client_that_never_reads_are_not_all_answered(
    size_bytes: int,
) -> None:
    limits = Limits(response_stall_s=1.5)
    held = [0]
    with serve(limits, size_bytes=size_bytes) as running, client(running.port) as stalled:
        stalled.setblocking(False)

        def is_over() -> bool:
            held.append(waiting(running))
            try:
                stalled.send(REQUEST * 1000)
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
            return False

        eventually(is_over, "the end of the connection")

        assert waiting(running) == 0
    assert 0 < max(held) <= 64 * 1024 + size_bytes


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


def stalled_clients(stack: ExitStack, running: Running, address: str, count: int) -> None:
    """Let clients of one address ask for much more than it can hold, and read nothing."""
    for _ in range(count):
        stack.enter_context(client(running.port, address)).sendall(REQUEST)
        assert isinstance(running.gateway.http, Recorder)
        running.gateway.http.next()
    eventually(lambda: waiting(running) > SIZE_BYTES, "responses that wait")


def test_clients_of_one_address_that_never_read_leave_room_for_those_of_another() -> None:
    with serve(PATIENT) as running, ExitStack() as stack:
        stalled_clients(stack, running, "127.0.0.2", 12)
        held = waiting(running)

        status = status_of(stack.enter_context(client(running.port, "127.0.0.3")))

        assert held <= PATIENT.responses_per_address_max_bytes
        assert status == 200


def test_clients_that_read_nothing_make_room_for_those_of_their_address_that_read() -> None:
    with serve(PATIENT) as running, ExitStack() as stack:
        stalled_clients(stack, running, "127.0.0.2", 12)

        def answered() -> bool:
            with client(running.port, "127.0.0.2") as reader:
                return status_of(reader) == 200

        assert eventually(answered, "a response for a client that reads")
        assert waiting(running) <= PATIENT.responses_per_address_max_bytes


def test_an_address_that_holds_much_makes_room_for_one_that_holds_nothing() -> None:
    limits = replace(PATIENT, responses_max_bytes=2 * SIZE_BYTES)
    with serve(limits) as running, ExitStack() as stack:
        stalled_clients(stack, running, "127.0.0.2", 12)

        status = status_of(stack.enter_context(client(running.port, "127.0.0.3")))

        assert status == 200
        assert waiting(running) <= limits.responses_max_bytes


def test_a_slow_reader_finishes_while_others_ask_and_read_nothing() -> None:
    limits = replace(PATIENT, responses_max_bytes=2 * SIZE_BYTES)
    with serve(limits) as running, ExitStack() as stack:
        slow = stack.enter_context(client(running.port))
        slow.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        began = time.monotonic()
        received = 0

        while (passed_s := time.monotonic() - began) < 1.5 * IDLE_S:
            received += rest(slow, within=4096)
            other = stack.enter_context(client(running.port, f"127.0.1.{int(passed_s * 5) + 1}"))
            other.sendall(REQUEST)
            time.sleep(0.2)
        received += rest(slow)

        assert received > SIZE_BYTES


@pytest.mark.parametrize(("size_bytes", "status"), [(SMALL_BYTES, 200), (SMALL_BYTES + 1, 503)])
def test_a_small_response_goes_out_however_much_waits(size_bytes: int, status: int) -> None:
    full = Limits(responses_max_bytes=0)
    with serve(full, size_bytes=size_bytes) as running, client(running.port) as reader:
        assert status_of(reader) == status


def test_the_memory_of_a_response_is_freed_as_its_client_takes_it() -> None:
    with serve(PATIENT) as running, client(running.port) as reader:
        reader.sendall(REQUEST)
        eventually(lambda: waiting(running) > SIZE_BYTES // 2, "a response that waits")
        before = waiting(running)

        rest(reader, within=SIZE_BYTES // 2)

        eventually(lambda: waiting(running) <= before - SIZE_BYTES // 4, "less that waits")


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
