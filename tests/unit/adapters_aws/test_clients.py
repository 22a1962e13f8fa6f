"""The limits that the adapters count on."""

from typing import Any

import pytest

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.management_api import ManagementPoster


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a Lambda."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_no_call_takes_longer_than_its_port_allows() -> None:
    for client in (clients.dynamodb(), clients.sns()):
        config: Any = client.meta.config
        attempts = config.retries["total_max_attempts"]

        assert attempts * (config.connect_timeout + config.read_timeout) <= 21
        client.close()


def test_a_frame_is_never_repeated_by_the_client_itself() -> None:
    client = clients.management_api("https://api.example/dev")

    config: Any = client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert client.meta.endpoint_url == "https://api.example/dev"
    client.close()


def test_a_poster_has_no_more_threads_than_its_client_keeps_connections() -> None:
    client = clients.management_api("https://api.example/dev")

    threads = ManagementPoster(client).threads

    config: Any = client.meta.config
    assert config.max_pool_connections == threads
    client.close()
