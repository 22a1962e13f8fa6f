"""Malformed handshakes and requests over a real socket."""

import time

import pytest

from tests.conformance.targets import http_request
from tests.e2e.raw import RawSocket, handshake
from tests.support.server import Server

pytestmark = pytest.mark.usefixtures("unharmed")

URL_MAX = 4096
# The server gives a connection 10 s from accept to handshake; the rest is scheduling.
HANDSHAKE_S = 10.0
MARGIN_S = 5.0


def padded(path: str, size: int) -> str:
    """Return a URL of exactly ``size`` characters."""
    return f"{path}?p=" + "x" * (size - len(path) - 3)


def test_a_url_of_4096_characters_is_accepted(server: Server) -> None:
    with RawSocket(server.port) as raw:
        assert raw.handshake(padded("/dev", URL_MAX)) == 101


@pytest.mark.parametrize("size", [URL_MAX + 1, 5_000, 20_000, 200_000])
def test_a_longer_url_is_refused(server: Server, size: int) -> None:
    with RawSocket(server.port) as raw:
        raw.send(handshake(padded("/dev", size)))

        assert raw.status() in {400, 414}


def test_a_longer_url_is_refused_over_http_too(server: Server) -> None:
    answer = http_request("GET", server.http_url + padded("/health", 5_000))

    assert answer.status in {400, 414}


HANDSHAKES = {
    "no key": {"Sec_WebSocket_Key": ""},
    "short key": {"Sec_WebSocket_Key": "AAAA"},
    "key that is no base64": {"Sec_WebSocket_Key": "?" * 24},
    "no version": {"Sec_WebSocket_Version": ""},
    "version of a draft": {"Sec_WebSocket_Version": "6"},
    "version of the future": {"Sec_WebSocket_Version": "14"},
    "no upgrade in Connection": {"Connection": "keep-alive"},
}


@pytest.mark.parametrize("headers", HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_an_incomplete_handshake_is_refused(server: Server, headers: dict[str, str]) -> None:
    with RawSocket(server.port) as raw:
        assert raw.handshake(**headers) in {400, 426}


GARBAGE = {
    "noise": b"\x00\xff\xfe\x01" * 50,
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\x07" * 200,
    "no method": b" / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /health\r\n\r\n",
    "odd version": b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "header without colon": b"GET /health HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n",
    "space before colon": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    "negative length": b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "two lengths": (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n\r\n"
    ),
    "length and chunks": (
        b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "bad chunk": (
        b"POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
    ),
    "huge header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    "endless headers": b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_broken_http_is_refused_or_cut_off(server: Server, data: bytes) -> None:
    with RawSocket(server.port) as raw:
        try:
            raw.send(data)
            raw.end()
        except ConnectionError:
            return
        status = raw.status()

        assert status == 0 or 400 <= status <= 499
        assert raw.is_ended()


ODD_PATHS = [
    "/incidents/%00",
    "/incidents/%ff%fe",
    "/incidents/..%2f..%2fetc%2fpasswd",
    "/incidents/" + "x" * 3_000,
    "/incidents//",
    "/../../etc/passwd",
    "//",
    "/%",
    "/incidents?limit=%ff&cursor=%00",
    "/incidents?type=%ed%a0%80",
    "/incidents?" + "&".join(f"p{n}=1" for n in range(500)),
    "/dev/@connections/",
    "/dev/@connections/%2e%2e",
]


@pytest.mark.parametrize("path", ODD_PATHS, ids=lambda path: path[:24])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_odd_paths_never_make_a_server_error(server: Server, method: str, path: str) -> None:
    answer = http_request(method, server.http_url + path)

    assert answer.status < 500
    assert b"Traceback" not in answer.body


def test_a_connection_without_a_request_is_closed(server: Server) -> None:
    silent = RawSocket(server.port)
    part_of_a_line = RawSocket(server.port)
    dripping = RawSocket(server.port)
    began = time.monotonic()
    with silent, part_of_a_line, dripping:
        part_of_a_line.send(b"GET /dev HT")

        dripped_for_s = drip(dripping, handshake() + b"", until=began + HANDSHAKE_S + MARGIN_S)

        assert dripped_for_s <= HANDSHAKE_S + MARGIN_S
        left_s = began + HANDSHAKE_S + MARGIN_S - time.monotonic()
        assert silent.is_ended(max(left_s, 0.1))
        assert part_of_a_line.is_ended(0.5)
        assert dripping.is_ended(0.5)


SLOW_BODIES = {
    "HTTP API": b"GET /incidents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    "@connections": (
        b"POST /dev/@connections/AAAAAAAAAAAAAAA= HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: AWS4-HMAC-SHA256 x\r\nContent-Length: 10\r\n\r\nabc"
    ),
}


def test_an_incomplete_body_is_given_up(server: Server) -> None:
    waiting = [RawSocket(server.port) for _ in SLOW_BODIES]
    for raw, data in zip(waiting, SLOW_BODIES.values(), strict=True):
        raw.send(data)

    ended = [raw.is_ended(HANDSHAKE_S + MARGIN_S) for raw in waiting]

    for raw in waiting:
        raw.reset()
    assert ended == [True, True]


@pytest.mark.parametrize("data", SLOW_BODIES.values(), ids=SLOW_BODIES.keys())
def test_a_client_that_leaves_during_its_body_causes_no_server_error(
    server: Server, data: bytes
) -> None:
    with RawSocket(server.port) as gone, RawSocket(server.port) as done:
        gone.send(data)
        done.send(data)

        gone.reset()
        done.end()

        assert done.is_ended()


def drip(raw: RawSocket, data: bytes, *, until: float) -> float:
    """Send ``data`` a byte every 0.2 s until the connection ends; return the duration."""
    began = time.monotonic()
    for byte in data:
        if time.monotonic() > until:
            break
        try:
            raw.send(bytes((byte,)))
        except ConnectionError:
            break
        if raw.is_ended(0.2):
            break
    return time.monotonic() - began
