"""The sender of webhooks, against receivers that do all that a receiver may do."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.webhooks.ports import Answer
from alerta_utec.webhooks.sender import (
    ANSWER_MAX_BYTES,
    HttpWebhookSender,
    Resolve,
    Sockaddr,
    is_public,
)
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock
from tests.unit.adapters_aws.raw_peer import RawPeer

HEADERS = {"content-type": "application/cloudevents+json", "webhook-id": "msg_1"}
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
# The peers that keep quiet are waited for so long.
IMPATIENT_S = 0.3


def sender(**settings: Any) -> HttpWebhookSender:
    return HttpWebhookSender(ManualClock(T0), **{"allow_private": True, "timeout_s": 10} | settings)


def url(peer: RawPeer, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{peer.port}/ganchos/a?b=c"


def answered(*answers: bytes | None, **settings: Any) -> Answer:
    """What comes of a post to a peer that answers so."""
    with RawPeer(answers) as peer:
        return sender(**settings).post(url(peer), b"{}", HEADERS)


def came(answer: Answer) -> tuple[int | None, str | None]:
    return answer.status, answer.none


def test_a_post_is_plain_and_whole() -> None:
    body = b'{"a":"' + b"x" * 100_000 + b'"}'
    with RawPeer([OK]) as peer:
        answer = sender().post(url(peer), body, HEADERS)
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
    assert came(answer) == (204, None)
    assert answer.ok


@pytest.mark.parametrize("status", [200, 201, 299, 301, 302, 400, 404, 410, 418, 500, 503])
def test_any_status_is_the_answer(status: int) -> None:
    answer = answered(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)

    assert came(answer) == (status, None)
    assert answer.ok == (200 <= status < 300)
    assert answer.reason == f"HTTP {status}"


def test_a_redirect_is_not_followed() -> None:
    with RawPeer([OK]) as secret:
        answer = answered(
            b"HTTP/1.1 307 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % url(secret).encode()
        )
        assert secret.requests == []

    assert answer.status == 307


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
    answer = answered(b"HTTP/1.1 429 x\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % header)

    assert answer.retry_after_s == seconds


def test_of_a_huge_answer_only_the_start_is_read() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * (2 * ANSWER_MAX_BYTES)

    assert came(answered(huge, None)) == (200, None)


def test_an_answer_that_breaks_off_after_its_status_is_an_answer() -> None:
    assert came(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")) == (200, None)


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
def test_what_says_no_http_has_not_answered(said: bytes, reason: str) -> None:
    assert came(answered(said)) == (None, reason)


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert came(sender().post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)) == (None, "unreachable")


def test_a_receiver_that_hangs_is_left_at_the_deadline() -> None:
    answer = answered(None, timeout_s=IMPATIENT_S)

    assert came(answer) == (None, "timeout")
    assert 1000 * IMPATIENT_S <= answer.ms < 10_000


@pytest.mark.parametrize("start", [b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nA: ", b""])
def test_a_receiver_that_drips_is_left_at_the_deadline_too(start: bytes) -> None:
    with dripping(start) as port:
        answer = sender(timeout_s=IMPATIENT_S).post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)

    assert came(answer) == (None, "timeout")


def test_a_receiver_that_takes_no_body_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        body = bytes(20_000_000)
        answer = sender(timeout_s=IMPATIENT_S).post(f"http://127.0.0.1:{port}/", body, HEADERS)

    assert came(answer) == (None, "timeout")


@contextlib.contextmanager
def dripping(start: bytes) -> Iterator[int]:
    """The port of a peer that says ``start`` and then a letter every now and then, without end."""
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


# Addresses


PRIVATE = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("100::1", "2001::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1"),
    *("2002:a00:1::1", "::127.0.0.1", "::8.8.8.8", "4000::1", "localhost", "127.1"),
)
PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
    *("192.167.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(address)


def to(*addresses: tuple[str, int]) -> Resolve:
    """A resolver that gives these for every name."""

    def resolve(_host: str, _port: int) -> list[tuple[int, Sockaddr]]:
        return [(socket.AF_INET, address) for address in addresses]

    return resolve


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    with RawPeer([OK]) as peer:
        posted = f"http://{host}:{peer.port}/"
        answer = sender(allow_private=False).post(posted, b"{}", HEADERS)
        assert peer.requests == []

    assert came(answer) == (None, "private_address")


def test_a_name_that_resolves_to_loopback_is_refused_unless_that_is_allowed() -> None:
    with RawPeer([OK]) as peer:
        resolve = to(("127.0.0.1", peer.port))
        refused, taken = (
            sender(allow_private=allow, resolve=resolve).post(
                "http://receptor.example/", b"{}", HEADERS
            )
            for allow in (False, True)
        )
        requests = peer.requests

    assert came(refused) == (None, "private_address")
    assert came(taken) == (204, None)
    assert b"\r\nhost: receptor.example\r\n" in requests[0][0].lower()


def test_a_name_with_no_public_address_among_several_is_refused() -> None:
    resolve = to(("10.0.0.1", 80), ("192.0.2.1", 80))

    answer = sender(allow_private=False, resolve=resolve).post("http://a.example/", b"", HEADERS)

    assert came(answer) == (None, "private_address")


def test_the_next_address_is_tried_where_one_takes_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    with RawPeer([OK]) as peer:
        resolve = to(dead, ("127.0.0.1", peer.port))
        answer = sender(resolve=resolve).post("http://a.example/", b"{}", HEADERS)

    assert came(answer) == (204, None)


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[tuple[int, Sockaddr]]:
        asked.append(host)
        return to(("127.0.0.1", peer.port))(host, port)

    with RawPeer([OK]) as peer:
        sender(resolve=resolve).post("http://rebinding.example/", b"{}", HEADERS)

    assert asked == ["rebinding.example"]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_what_can_be_no_name_is_an_unknown_host(host: str) -> None:
    assert came(sender().post(f"https://{host}/", b"{}", HEADERS)) == (None, "unknown_host")


def test_a_name_without_addresses_is_an_unknown_host() -> None:
    def resolve(_host: str, _port: int) -> list[tuple[int, Sockaddr]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = sender(resolve=resolve).post("https://receptor.example/", b"{}", HEADERS)

    assert came(answer) == (None, "unknown_host")


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawPeer([OK]) as peer, RawPeer([OK]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = sender().post(url(peer), b"{}", HEADERS)
        assert proxy.requests == []

    assert came(answer) == (204, None)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for receptor.example that only those who are told trust, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    file, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=receptor.example", "-addext"]
    command += ["subjectAltName=DNS:receptor.example", "-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def over_tls(
    host: str, server_tls: ssl.SSLContext, *answers: bytes | None, **settings: Any
) -> Answer:
    with RawPeer(answers, tls=server_tls) as peer:
        resolve = to(("127.0.0.1", peer.port))
        return sender(resolve=resolve, **settings).post(f"https://{host}/", b"{}", HEADERS)


def test_a_receiver_over_tls_is_known_by_its_name(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))

    right, wrong = (
        over_tls(host, server_tls, OK, tls=trusting)
        for host in ("receptor.example", "otro.example")
    )

    assert came(right) == (204, None)
    assert came(wrong) == (None, "tls")


def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    assert came(over_tls("receptor.example", server_tls, OK)) == (None, "tls")


def test_a_receiver_that_speaks_no_tls_is_refused() -> None:
    with dripping(b"HTTP/1.1 400 x\r\n\r\n") as port:
        answer = sender().post(f"https://127.0.0.1:{port}/", b"{}", HEADERS)

    assert came(answer) == (None, "tls")


def test_a_receiver_that_hangs_over_tls_is_left_at_the_deadline(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))

    answer = over_tls("receptor.example", server_tls, None, tls=trusting, timeout_s=1.0)

    assert came(answer) == (None, "timeout")


def test_a_handshake_that_hangs_is_left_at_the_deadline() -> None:
    with dripping(b"") as port:
        answer = sender(timeout_s=IMPATIENT_S).post(f"https://127.0.0.1:{port}/", b"{}", HEADERS)

    assert answer.none in ("timeout", "tls")
    assert timedelta(milliseconds=answer.ms) < timedelta(seconds=10)
