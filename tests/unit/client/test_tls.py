"""TLS: the certificates that the blocking client trusts."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerta_utec.client import AlertaUtec, Unreachable
from tests.support.certificates import self_signed, server_context
from tests.support.loopback import LoopbackServer, QuietHandler


class Healthy(QuietHandler):
    """A handler that answers as a healthy service."""

    def do_GET(self) -> None:
        body = b'{"status":"ok","position":"e:1"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    """The address of a server with that certificate."""
    with LoopbackServer(Healthy, tls=server_context(certificate)) as server:
        yield server.url


def test_an_untrusted_certificate_fails_at_once(url: str) -> None:
    started = time.monotonic()

    with AlertaUtec(url) as client, pytest.raises(Unreachable, match="certificate"):
        client.health()

    assert time.monotonic() - started < 10


def test_a_certificate_authority_in_the_environment_is_trusted(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with AlertaUtec(url) as client:
        assert client.health()["status"] == "ok"
