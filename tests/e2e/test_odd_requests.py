"""Requests of unusual forms: bytes that are no text, codings, targets, versions, ``Expect``."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.conformance.targets import http_request
from tests.e2e.raw import RawSocket, handshake
from tests.support.incidents import incident, unique
from tests.support.server import Server

pytestmark = pytest.mark.usefixtures("unharmed")

NO_TEXT = {"latin-1": b"\xe9", "cut UTF-8": b"a\xc3", "surrogate": b"\xed\xa0\x80", "ff": b"\xff"}
READ = (
    *("Idempotency-Key", "Authorization", "Accept-Language", "Accept-Encoding", "If-None-Match"),
    *("Origin", "User-Agent", "Content-Type", "X-Forwarded-For", "Forwarded"),
    *("Sec-WebSocket-Protocol", "Content-Encoding", "Expect"),
)


def exchange(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send one request, and return the status and the rest of the answer."""
    with RawSocket(server.port) as raw:
        raw.send(request)
        status = raw.status()
        raw.take_in()
        return status, bytes(raw._buffer)


def post(body: bytes, *headers: bytes, path: bytes = b"/incidents") -> bytes:
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("name", READ)
def test_a_report_is_stored_whatever_bytes_its_headers_have(
    server: Server, name: str, value: bytes
) -> None:
    made = incident(incidentId=unique())
    report = post(json.dumps(made).encode(), name.encode() + b": " + value)

    status, _ = exchange(server, report)

    if status in (201, 200):
        stored = http_request("GET", f"{server.http_url}/incidents/{made['incidentId']}")
        assert stored.status == 200
    else:
        assert status in (400, 403)  # no page has such an origin
        assert name == "Origin"


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT.keys())
def test_a_key_that_is_no_text_makes_a_repeat_a_duplicate(server: Server, value: bytes) -> None:
    body = json.dumps(incident(description=unique())).encode()
    report = post(body, b"Idempotency-Key: " + unique().encode() + value)

    assert [exchange(server, report)[0] for _ in range(2)] == [201, 200]


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("name", ["Authorization", "Origin", "User-Agent", "Accept-Language"])
def test_a_handshake_with_bytes_that_are_no_text_is_no_defect(
    server: Server, name: str, value: bytes
) -> None:
    request = handshake().replace(
        b"\r\n\r\n", b"\r\n" + name.encode() + b": " + value + b"\r\n\r\n"
    )

    status, _ = exchange(server, request)

    assert status == (403 if name == "Origin" else 101)


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("method", [b"GET", b"PATCH", b"POST"])
def test_a_target_that_is_no_text_is_not_found(server: Server, method: bytes, value: bytes) -> None:
    lines = b"%s /incidents/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

    status, _ = exchange(server, lines % (method, value))

    assert 400 <= status <= 499


COMPRESSED = {
    "gzip": (b"gzip", gzip.compress),
    "deflate": (b"deflate", zlib.compress),
    "plain although gzip is named": (b"gzip", bytes),
    "plain with an unknown coding": (b"x-unknown", bytes),
}


@pytest.mark.parametrize(("coding", "pack"), COMPRESSED.values(), ids=COMPRESSED.keys())
def test_a_report_is_stored_from_any_coding_that_can_be_undone(
    server: Server, coding: bytes, pack: Any
) -> None:
    body = pack(json.dumps(incident()).encode())

    assert exchange(server, post(body, b"Content-Encoding: " + coding))[0] == 201


BROKEN = {
    "noise": b"\x1f\x8bnoise",
    "cut": gzip.compress(json.dumps(incident()).encode())[:20],
    "other coding": b"\xff\xfe\xfd",
    "nothing": b"",
}


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"\xe9", b"gzip, gzip"])
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_coding_is_bad_json(server: Server, coding: bytes, body: bytes) -> None:
    status, answer = exchange(server, post(body, b"Content-Encoding: " + coding))

    assert status == 400
    assert b'"code":"bad_json"' in answer


def test_a_small_body_that_unpacks_to_gigabytes_is_too_large(server: Server) -> None:
    bomb = gzip.compress(b" " * 100_000_000)

    status, answer = exchange(server, post(bomb, b"Content-Encoding: gzip"))

    assert status == 413
    assert b'"code":"too_large"' in answer


@pytest.mark.parametrize("chunks", [b"zz\r\n\r\n", b"5\r\nab", b"-1\r\nx\r\n0\r\n\r\n"])
def test_broken_chunks_of_a_body_are_the_clients_fault(server: Server, chunks: bytes) -> None:
    head = b"POST /incidents HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with RawSocket(server.port) as raw:
        raw.send(head + chunks)
        raw.end()

        assert raw.status() in (0, 400)


@pytest.mark.parametrize("target", [b"http://127.0.0.1", b"HTTPS://localhost:8000"])
@pytest.mark.parametrize("path", [b"/health", b"/stats?days=1"])
def test_the_absolute_form_of_a_target_is_served(
    server: Server, target: bytes, path: bytes
) -> None:
    request = b"GET %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (target, path)

    assert exchange(server, request)[0] == 200


@pytest.mark.parametrize("target", [b"http://evil.example/health", b"http://[/health"])
def test_the_host_of_an_absolute_target_is_judged(server: Server, target: bytes) -> None:
    status, _ = exchange(server, b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % target)

    assert 400 <= status <= 499


HANDSHAKES = {
    "POST": (handshake().replace(b"GET", b"POST"), 405),
    "HEAD": (handshake().replace(b"GET", b"HEAD"), 405),
    "version 8": (handshake(Sec_WebSocket_Version="8"), 426),
    "version 7": (handshake(Sec_WebSocket_Version="7"), 426),
    "version 14": (handshake(Sec_WebSocket_Version="14"), 426),
    "HTTP/1.0": (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
}


@pytest.mark.parametrize(("request_", "expected"), HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_a_handshake_that_rfc_6455_forbids_is_refused(
    server: Server, request_: bytes, expected: int
) -> None:
    with RawSocket(server.port) as raw:
        raw.send(request_)
        head = raw._until(b"\r\n\r\n")

    assert int(head.split()[1]) == expected
    assert (b"Sec-WebSocket-Version: 13" in head) == (expected == 426)


def test_a_client_that_waits_for_continue_is_told_to(server: Server) -> None:
    body = json.dumps(incident()).encode()
    head, _, _ = post(body, b"Expect: 100-continue").partition(b"\r\n\r\n")
    with RawSocket(server.port) as raw:
        raw.send(head + b"\r\n\r\n")
        assert raw.status() == 100

        raw.send(body)
        assert raw.status() == 201


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.send(
            b"POST /incidents HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
            b"Content-Length: 5000000\r\n\r\n"
        )

        assert raw.status() == 413
