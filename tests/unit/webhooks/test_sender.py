"""The HTTP client for webhooks, against receivers that misbehave in every known way."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.tls import client_context
from alerta_utec.webhooks.addresses import Address, Resolve
from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.sender import (
    RESPONSE_MAX_BYTES,
    HttpWebhookSender,
)
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock
from tests.support.certificates import (
    campus_signed,
    self_signed,
    server_context,
    trusting_context,
)
from tests.unit.adapters.aws.connections_api.raw_peer import RawPeer

HEADERS = {"content-type": "application/cloudevents+json", "webhook-id": "msg_1"}
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
# The deadline for peers that never answer.
IMPATIENT_S = 0.3


def sender(**settings: Any) -> HttpWebhookSender:
    return HttpWebhookSender(
        ManualClock(T0), **{"allow_private": True, "allow_own": True, "timeout_s": 10} | settings
    )


def url(peer: RawPeer, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{peer.port}/ganchos/a?b=c"


def answered(*answers: bytes | None, **settings: Any) -> PostResult:
    """Return the result of a POST to a peer that answers so."""
    with RawPeer(answers) as peer:
        return sender(**settings).post(url(peer), b"{}", HEADERS)


def outcome(result: PostResult) -> tuple[int | None, str | None]:
    return result.status, result.failure


def test_a_request_is_sent_whole_with_the_expected_headers() -> None:
    body = b'{"a":"' + b"x" * 100_000 + b'"}'
    with RawPeer([OK]) as peer:
        result = sender().post(url(peer), body, HEADERS)
        port = peer.port
    ((request,),) = peer.requests

    head, _, sent = request.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /ganchos/a?b=c HTTP/1.1"
    assert {header.partition(": ")[0].lower(): header.partition(": ")[2] for header in headers} == {
        "host": f"127.0.0.1:{port}",
        "content-type": "application/cloudevents+json",
        "webhook-id": "msg_1",
        "connection": "close",
        "accept-encoding": "identity",
        "content-length": str(len(body)),
    }
    assert sent == body
    assert outcome(result) == (204, None)
    assert result.ok


@pytest.mark.parametrize("status", [200, 201, 299, 301, 302, 400, 404, 410, 418, 500, 503])
def test_any_status_is_a_result(status: int) -> None:
    result = answered(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)

    assert outcome(result) == (status, None)
    assert result.ok == (200 <= status < 300)
    assert result.reason == f"HTTP {status}"


def test_a_redirect_is_not_followed() -> None:
    with RawPeer([OK]) as secret:
        result = answered(
            b"HTTP/1.1 307 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % url(secret).encode()
        )
        assert secret.requests == []

    assert result.status == 307


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"120", 120.0),
        (b"0", 0.0),
        (b"Fri, 16 Nov 2035 18:12:30 GMT", 29.876544),
        (b"Fri, 16 Nov 2035 18:11:00 GMT", 0.0),
        (b"99999999999999999999", 9999999999.0),
        (b"-5", None),
        (b"1.5", None),
        (b"pronto", None),
        (b"\xb2", None),
        (b"", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: bytes, seconds: float | None) -> None:
    result = answered(b"HTTP/1.1 429 x\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % header)

    assert result.retry_after_s == seconds


@pytest.mark.parametrize("status", [100, 102, 103, 199])
@pytest.mark.parametrize("count", [1, 3])
def test_an_interim_response_is_not_the_result(status: int, count: int) -> None:
    interim = b"HTTP/1.1 %d Wait\r\nLink: </style.css>; rel=preload\r\n\r\n" % status

    refused = answered(interim * count + b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")
    accepted = answered(interim * count + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert (refused.status, accepted.status) == (500, 200)


def test_interim_responses_without_end_are_a_failure() -> None:
    result = answered(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)

    assert (result.status, result.ok) == (None, False)


def test_a_huge_response_is_read_up_to_a_limit() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * (2 * RESPONSE_MAX_BYTES)

    assert outcome(answered(huge, None)) == (200, None)


def test_a_response_that_breaks_off_after_its_status_counts() -> None:
    assert outcome(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")) == (200, None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "unreachable"),
        (b"HTT", "not_http"),
        (b"SSH-2.0-x\r\n\r\n", "not_http"),
        (b"HTTP/1.1 abc x\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", "not_http"),
    ],
)
def test_a_peer_that_does_not_speak_http_has_not_answered(said: bytes, reason: str) -> None:
    assert outcome(answered(said)) == (None, reason)


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert outcome(sender().post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)) == (
        None,
        "unreachable",
    )


def test_a_receiver_that_hangs_is_given_up_at_the_deadline() -> None:
    result = answered(None, timeout_s=IMPATIENT_S)

    assert outcome(result) == (None, "timeout")
    assert 1000 * IMPATIENT_S <= result.duration_ms < 10_000


@pytest.mark.parametrize("start", [b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nA: ", b""])
def test_a_receiver_that_drips_is_given_up_at_the_deadline(start: bytes) -> None:
    with dripping(start) as port:
        result = sender(timeout_s=IMPATIENT_S).post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)

    assert outcome(result) == (None, "timeout")


def test_a_receiver_that_reads_no_body_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        body = bytes(20_000_000)
        result = sender(timeout_s=IMPATIENT_S).post(f"http://127.0.0.1:{port}/", body, HEADERS)

    assert outcome(result) == (None, "timeout")


@contextlib.contextmanager
def dripping(start: bytes) -> Iterator[int]:
    """Yield the port of a peer that sends ``start`` and then a letter at a time, without end."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as accepted:
            accepted.sendall(start)
            while not over.wait(IMPATIENT_S / 6):
                accepted.sendall(b"1")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join()


def to(*addresses: tuple[str, int]) -> Resolve:
    """Return a resolver that gives these addresses for every name."""

    def resolve(_host: str, _port: int) -> list[Address]:
        return [(socket.AF_INET, address) for address in addresses]

    return resolve


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    with RawPeer([OK]) as peer:
        posted = f"http://{host}:{peer.port}/"
        result = sender(allow_private=False, allow_own=False).post(posted, b"{}", HEADERS)
        assert peer.requests == []

    assert outcome(result) == (None, "private_address")


def test_a_name_that_resolves_to_loopback_is_refused_unless_that_is_allowed() -> None:
    with RawPeer([OK]) as peer:
        resolve = to(("127.0.0.1", peer.port))
        refused, accepted = (
            sender(allow_private=allow, allow_own=allow, resolve=resolve).post(
                "http://receptor.example/", b"{}", HEADERS
            )
            for allow in (False, True)
        )
        requests = peer.requests

    assert outcome(refused) == (None, "private_address")
    assert outcome(accepted) == (204, None)
    assert b"\r\nhost: receptor.example\r\n" in requests[0][0].lower()


def test_a_name_with_no_public_address_among_several_is_refused() -> None:
    resolve = to(("10.0.0.1", 80), ("192.0.2.1", 80))

    result = sender(allow_private=False, allow_own=False, resolve=resolve).post(
        "http://a.example/", b"", HEADERS
    )

    assert outcome(result) == (None, "private_address")


def test_the_next_address_is_tried_if_one_refuses_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    with RawPeer([OK]) as peer:
        resolve = to(dead, ("127.0.0.1", peer.port))
        result = sender(resolve=resolve).post("http://a.example/", b"{}", HEADERS)

    assert outcome(result) == (204, None)


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        return to(("127.0.0.1", peer.port))(host, port)

    with RawPeer([OK]) as peer:
        sender(resolve=resolve).post("http://rebinding.example/", b"{}", HEADERS)

    assert asked == ["rebinding.example"]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_malformed_name_is_an_unknown_host(host: str) -> None:
    assert outcome(sender().post(f"https://{host}/", b"{}", HEADERS)) == (None, "unknown_host")


def test_a_name_without_addresses_is_an_unknown_host() -> None:
    def resolve(_host: str, _port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    result = sender(resolve=resolve).post("https://receptor.example/", b"{}", HEADERS)

    assert outcome(result) == (None, "unknown_host")


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawPeer([OK]) as peer, RawPeer([OK]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        result = sender().post(url(peer), b"{}", HEADERS)
        assert proxy.requests == []

    assert outcome(result) == (204, None)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "receptor.example")


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return server_context(certificate)


def over_tls(
    host: str, server_tls: ssl.SSLContext, *answers: bytes | None, **settings: Any
) -> PostResult:
    with RawPeer(answers, tls=server_tls) as peer:
        resolve = to(("127.0.0.1", peer.port))
        return sender(resolve=resolve, **settings).post(f"https://{host}/", b"{}", HEADERS)


def test_a_certificate_must_name_the_receiver(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    trusting = trusting_context(certificate)

    right, wrong = (
        over_tls(host, server_tls, OK, tls=trusting)
        for host in ("receptor.example", "otro.example")
    )

    assert outcome(right) == (204, None)
    assert outcome(wrong) == (None, "tls")


def test_a_certificate_of_a_campus_authority_without_key_identifiers_is_accepted(
    tmp_path: Path,
) -> None:
    authority, served = campus_signed(tmp_path, "receptor.example")
    tls = client_context(str(authority))

    right, wrong = (
        over_tls(host, server_context(served), OK, tls=tls)
        for host in ("receptor.example", "otro.example")
    )

    assert (outcome(right), outcome(wrong)) == ((204, None), (None, "tls"))


def test_every_connection_to_a_receiver_uses_that_context() -> None:
    flags = sender().tls.verify_flags

    assert flags == client_context().verify_flags
    assert not flags & ssl.VERIFY_X509_STRICT
    assert flags & ssl.VERIFY_X509_PARTIAL_CHAIN


def test_a_certificate_of_an_unknown_authority_is_refused(server_tls: ssl.SSLContext) -> None:
    assert outcome(over_tls("receptor.example", server_tls, OK)) == (None, "tls")


def test_a_receiver_that_does_not_speak_tls_is_refused() -> None:
    with dripping(b"HTTP/1.1 400 x\r\n\r\n") as port:
        result = sender().post(f"https://127.0.0.1:{port}/", b"{}", HEADERS)

    assert outcome(result) == (None, "tls")


def test_a_receiver_that_hangs_over_tls_is_given_up_at_the_deadline(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    trusting = trusting_context(certificate)

    result = over_tls("receptor.example", server_tls, None, tls=trusting, timeout_s=1.0)

    assert outcome(result) == (None, "timeout")


def test_a_handshake_that_hangs_is_given_up_at_the_deadline() -> None:
    with dripping(b"") as port:
        result = sender(timeout_s=IMPATIENT_S).post(f"https://127.0.0.1:{port}/", b"{}", HEADERS)

    assert result.failure in ("timeout", "tls")
    assert timedelta(milliseconds=result.duration_ms) < timedelta(seconds=10)


# What private means: the address, and whether it is reached on AWS and on one machine.
PRIVATE = {
    "10.1.2.3": (True, True),
    "172.31.255.255": (True, True),
    "192.168.0.7": (True, True),
    "100.64.3.4": (True, True),
    "fd12:3456::1": (True, True),
    "::ffff:10.1.2.3": (True, True),
    "172.32.0.1": (True, True),  # public
    "127.0.0.1": (False, True),
    "127.8.9.1": (False, True),
    "::1": (False, True),
    "::ffff:127.0.0.1": (False, True),
    "169.254.169.254": (False, False),
    "169.254.100.1": (False, False),
    "::ffff:169.254.169.254": (False, False),
    "100.100.100.200": (False, False),
    "fd00:ec2::254": (False, False),
    "fe80::1": (False, False),
    "0.0.0.0": (False, False),
    "255.255.255.255": (False, False),
    "224.0.0.1": (False, False),
    "198.18.0.1": (False, False),
}


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("own", [False, True], ids=["aws", "one machine"])
def test_private_means_private_networks_and_never_metadata(address: str, own: bool) -> None:
    tried: list[str] = []

    def connect(addresses: list[Address], _deadline: float) -> socket.socket:
        tried.extend(sockaddr[0] for _, sockaddr in addresses)
        raise ConnectionRefusedError

    sending = sender(allow_own=own, resolve=to((address, 443)), connect=connect)
    result = sending.post("https://a.example/", b"{}", HEADERS)

    reached = PRIVATE[address][own]
    assert tried == ([address] if reached else [])
    assert result.failure == ("unreachable" if reached else "private_address")
