"""Secrets are read by the version that a reference names."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.secrets import secret_value
from alerta_utec.domain.errors import Internal
from tests.contract.aws import addressed
from tests.support.emulator import Emulator
from tests.support.incidents import unique

OLD, NEW = "0" * 32, "1" * 32


@pytest.fixture
def stored(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the name of a secret with two versions."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    clients.session.cache_clear()
    client: Any = boto3.client("secretsmanager", **addressed(emulator))
    name = f"{unique()}/dev/authSecret"
    client.create_secret(Name=name)
    for version, value in ((OLD, "antes"), (NEW, "ahora")):
        client.put_secret_value(SecretId=name, ClientRequestToken=version, SecretString=value)
    yield name
    client.close()
    clients.session.cache_clear()


def test_the_value_of_the_named_version_is_read(stored: str) -> None:
    assert secret_value(f"{stored}:{OLD}") == "antes"
    assert secret_value(f"{stored}:{NEW}") == "ahora"


@pytest.mark.parametrize("version", ["2" * 32, ""])
def test_a_version_that_is_not_there_is_an_error(stored: str, version: str) -> None:
    with pytest.raises(Internal):
        secret_value(f"{stored}:{version}")
