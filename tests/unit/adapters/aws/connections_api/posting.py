"""Fixtures: a poster whose time passes only in its pauses, at a small API Gateway."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from tests.unit.adapters.aws.connections_api.fake_api import CREDENTIALS, REGION, ConnectionsApi

PosterFactory = Callable[..., ConnectionsApiPoster]


class FakeTime:
    """A clock that advances only by sleeping; ``naps`` are the pauses that a poster made."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        self.now_s = 1000.0

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


def connections_http(url: str, *, read_timeout_s: float = 5.0, keep: int = 32) -> ConnectionsHttp:
    """Return ``@connections`` at ``url``, with made-up region and credentials."""
    return ConnectionsHttp(
        ApiAddress(url),
        lambda: CREDENTIALS,
        region=REGION,
        keep=keep,
        connect_timeout_s=2.0,
        read_timeout_s=read_timeout_s,
    )


@pytest.fixture
def api() -> Iterator[ConnectionsApi]:
    with ConnectionsApi() as running:
        yield running


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def poster_at(time: FakeTime) -> Iterator[PosterFactory]:
    """Yield a factory of posters that by default have the real client's settings."""
    with ExitStack() as stack:

        def make(url: str, *, threads: int = 32, read_timeout_s: float = 5) -> ConnectionsApiPoster:
            http = connections_http(url, read_timeout_s=read_timeout_s, keep=threads)
            stack.callback(http.close)
            return ConnectionsApiPoster(http, threads, sleep=time.sleep, monotonic=time.monotonic)

        yield make


@pytest.fixture
def poster(api: ConnectionsApi, poster_at: PosterFactory) -> ConnectionsApiPoster:
    return poster_at(api.url)
