"""``@connections`` through TLS, and through a proxy."""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp, NoResponse
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from tests.support.certificates import self_signed, server_context, trusting_context
from tests.unit.adapters.aws.connections_api.raw_peer import OK, RawPeer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return server_context(certificate)


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return trusting_context(certificate)


def https(
    url: str, tls: ssl.SSLContext, proxies: dict[str, str] | None = None, read_timeout_s: float = 5
) -> ConnectionsHttp:
    return ConnectionsHttp(
        ApiAddress(url, tls, proxies or {}),
        lambda: Credentials("test", "test"),
        region="us-east-1",
        keep=1,
        connect_timeout_s=2,
        read_timeout_s=read_timeout_s,
    )


def status(http: ConnectionsHttp) -> int:
    with http.channel(http.signer()) as channel:
        return channel.request("GET", "a").status


def test_requests_follow_each_other_over_one_tls_connection(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with RawPeer([OK, OK, OK], tls=server_tls) as peer:
        http = https(f"https://127.0.0.1:{peer.port}/dev", trusting)

        statuses = [status(http) for _ in range(3)]

        http.close()
    assert statuses == [200, 200, 200]
    assert len(peer.requests) == 1


def test_a_tls_connection_that_was_closed_is_replaced(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with RawPeer([OK, b""], [OK, OK], [OK], tls=server_tls) as peer:
        http = https(f"https://127.0.0.1:{peer.port}/dev", trusting)

        statuses = [status(http) for _ in range(3)]
        peer.wait_closed(2)
        statuses.append(status(http))

        http.close()
    assert statuses == [200] * 4
    assert [len(requests) for requests in peer.requests] == [2, 2, 1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_peer_with_an_untrusted_or_foreign_certificate_gets_no_request(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext, host: str
) -> None:
    context = ssl.create_default_context() if host == "127.0.0.1" else trusting
    with RawPeer([OK], tls=server_tls) as peer:
        http = https(f"https://{host}:{peer.port}/dev", context)

        with pytest.raises(NoResponse, match="ConnectSSLCertVerificationError") as caught:
            status(http)

    assert caught.value.retryable
    assert peer.requests == [[]]


def test_a_silent_tls_peer_times_out(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with RawPeer([None], tls=server_tls) as peer:
        http = https(f"https://127.0.0.1:{peer.port}/dev", trusting, read_timeout_s=0.3)

        with pytest.raises(NoResponse, match="ReadTimeout"):
            status(http)


class Proxy:
    """A proxy that forwards one ``CONNECT``; ``head`` is the received request."""

    def __init__(self) -> None:
        self.head = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def join(self) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        asking, _ = self._listener.accept()
        while b"\r\n\r\n" not in self.head:
            self.head += asking.recv(4096)
        host, _, port = self.head.split(b" ")[1].rpartition(b":")
        with asking, socket.create_connection((host.decode(), int(port)), 10) as target:
            asking.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(target, asking))
            back.start()
            _pass_on(asking, target)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.join()


def test_a_request_goes_through_a_proxy_with_its_password(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext, proxy: Proxy
) -> None:
    with RawPeer([OK], tls=server_tls) as peer:
        target = f"127.0.0.1:{peer.port}"
        proxies = {"https": f"http://rosa:a%40b@127.0.0.1:{proxy.port}"}
        http = https(f"https://{target}/dev", trusting, proxies)

        answer = status(http)

        http.close()
    assert answer == 200
    assert proxy.head.startswith(f"CONNECT {target} HTTP/1.".encode())
    assert b"Basic " + base64.b64encode(b"rosa:a@b") in proxy.head
