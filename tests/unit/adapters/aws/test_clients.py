"""The clients' timeouts, and the source of credentials and trusted certificates."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.client import connections_http, credentials
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.domain.errors import Unavailable


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the environment of a Lambda."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    clients.session.cache_clear()
    yield
    clients.session.cache_clear()


def test_no_call_takes_longer_than_its_port_allows() -> None:
    for client in (clients.dynamodb(), clients.sns()):
        config: Any = client.meta.config
        attempts = config.retries["total_max_attempts"]

        assert attempts * (config.connect_timeout + config.read_timeout) <= 21
        client.close()


def test_there_is_a_client_for_each_service_of_the_region() -> None:
    for make in (clients.dynamodb, clients.sns, clients.sqs, clients.cloudformation):
        client = make()

        assert client.meta.region_name == "sa-east-1"
        client.close()


def test_a_chosen_region_applies_to_every_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert clients.choose_region(None) == clients.DEFAULT_REGION
    assert clients.choose_region("us-west-2") == "us-west-2"

    client = clients.sqs()
    assert client.meta.region_name == "us-west-2"
    client.close()


@pytest.mark.parametrize("token", ["a session's", None])
def test_credentials_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    if token is not None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)

    assert credentials() == Credentials("id", "secret", token)


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_post_without_credentials_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)

    with pytest.raises(Unavailable):
        credentials()


def test_a_post_has_the_timeouts_of_every_call() -> None:
    http = connections_http("https://api.example/dev", keep=7)

    assert http.address.url == "https://api.example/dev"
    assert (http.connect_timeout_s, http.read_timeout_s) == (2, 5)
    assert http.keep == 7


def test_a_post_goes_only_to_the_host_that_the_certificate_names() -> None:
    tls = connections_http("https://api.example/dev", keep=1).address.tls

    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert any("Amazon Root CA 1" in str(one["subject"]) for one in tls.get_ca_certs())


def test_the_trusted_certificates_can_be_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "none.pem"
    bundle.touch()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

    with pytest.raises(ssl.SSLError):
        connections_http("https://api.example/dev", keep=1)


def test_a_post_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")

    outside = connections_http("https://api.example/dev", keep=1)
    inside = connections_http("https://inside.example/dev", keep=1)

    assert outside.address.proxies["https"] == "http://proxy.example:3128"
    assert "https" not in inside.address.proxies
