"""Over TLS: which certificates the client without asyncio believes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerta_utec.client import AlertaUtec, Unreachable
from tests.support.certificates import self_signed, server_context
from tests.support.loopback import LoopbackServer, QuietHandler


class Healthy(QuietHandler):
    """Says that all is well."""

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
    """Where a server with that certificate is."""
    with LoopbackServer(Healthy, tls=server_context(certificate)) as server:
        yield server.url


def test_a_certificate_that_is_not_believed_is_told_at_once(url: str) -> None:
    started = time.monotonic()

    with AlertaUtec(url) as client, pytest.raises(Unreachable, match="certificate"):
        client.health()

    assert time.monotonic() - started < 10


def test_the_campus_own_authority_is_believed_where_the_environment_names_it(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with AlertaUtec(url) as client:
        assert client.health()["status"] == "ok"
