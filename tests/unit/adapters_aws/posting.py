"""Fixtures: a poster whose time passes only in its pauses, at a small API Gateway."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.clients import management_config
from alerta_utec.adapters.aws.management_api import ManagementPoster
from tests.unit.adapters_aws.connections_api import ConnectionsApi

PosterFactory = Callable[..., ManagementPoster]


class FakeTime:
    """Time that passes only by sleeping; ``naps`` are the pauses that a poster made."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        self.now_s = 1000.0

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def api() -> Iterator[ConnectionsApi]:
    with ConnectionsApi() as running:
        yield running


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def poster_at(time: FakeTime) -> Iterator[PosterFactory]:
    """Makes posters, with the real client's settings unless told otherwise."""
    clients: list[Any] = []

    def make(url: str, *, threads: int = 32, read_timeout_s: float = 5) -> ManagementPoster:
        config = management_config().merge(Config(read_timeout=read_timeout_s))
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
        clients.append(client)
        return ManagementPoster(client, threads=threads, sleep=time.sleep, monotonic=time.monotonic)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def poster(api: ConnectionsApi, poster_at: PosterFactory) -> ManagementPoster:
    return poster_at(api.url)
