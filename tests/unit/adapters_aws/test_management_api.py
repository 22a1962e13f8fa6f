"""Posting through ``@connections``: each client's outcome, and nobody in another's way."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.clients import management_config
from alerta_utec.adapters.aws.management_api import TRIES, ManagementPoster
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Posted
from tests.support.emulator import free_port
from tests.unit.adapters_aws.connections_api import DROP, STAGE, ConnectionsApi

FRAME = '{"type":"incident_update","incident":{"location":"Laboratorio Ñ 🎓"}}'
ID = "BFHPhfCWIAMCKlQ="
PosterFactory = Callable[..., ManagementPoster]


@pytest.fixture
def api() -> Iterator[ConnectionsApi]:
    with ConnectionsApi() as running:
        yield running


@pytest.fixture
def naps() -> list[float]:
    """The waits that a poster wanted."""
    return []


@pytest.fixture
def poster_at(naps: list[float]) -> Iterator[PosterFactory]:
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
        return ManagementPoster(client, threads=threads, sleep=naps.append)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def poster(api: ConnectionsApi, poster_at: PosterFactory) -> ManagementPoster:
    return poster_at(api.url)


def test_each_connection_gets_the_frame_once(api: ConnectionsApi, poster: ManagementPoster) -> None:
    ids = [f"{number:015}=" for number in range(100)]

    posted = poster.post([*ids, *ids], FRAME)

    assert posted == Posted(delivered=100)
    assert api.frames == {name: [FRAME] for name in ids}


def test_nobody_to_post_to_is_nothing_sent(api: ConnectionsApi, poster: ManagementPoster) -> None:
    assert poster.post([], FRAME) == Posted()
    assert not api.requests


def test_a_410_that_is_confirmed_is_gone(api: ConnectionsApi, poster: ManagementPoster) -> None:
    api.tell("POST", ID, 410)

    posted = poster.post([ID, "other"], FRAME)

    assert posted == Posted(delivered=1, gone=(ID,))
    assert api.requests["POST", ID] == api.requests["GET", ID] == 1


def test_a_false_410_is_not_gone_and_gets_the_frame(
    api: ConnectionsApi, poster: ManagementPoster
) -> None:
    api.tell("POST", ID, 410, 200)
    api.tell("GET", ID, 200)

    assert poster.post([ID], FRAME) == Posted(delivered=1)
    assert api.frames == {ID: [FRAME]}


@pytest.mark.parametrize("second_look", [200, 429, 500, DROP])
def test_a_410_that_is_never_confirmed_is_failed_and_not_gone(
    api: ConnectionsApi, poster: ManagementPoster, second_look: int
) -> None:
    api.tell("POST", ID, 410)
    api.tell("GET", ID, second_look)

    assert poster.post([ID], FRAME) == Posted(failed=(ID,))
    assert api.requests["POST", ID] == TRIES


def test_an_id_that_no_connection_can_have_is_gone(
    api: ConnectionsApi, poster: ManagementPoster
) -> None:
    api.tell("POST", "x", 400)
    api.tell("GET", "x", 400)

    assert poster.post(["x"], FRAME) == Posted(gone=("x",))


def test_a_429_that_passes_is_delivered(
    api: ConnectionsApi, poster: ManagementPoster, naps: list[float]
) -> None:
    api.tell("POST", ID, 429, 429, 200)

    assert poster.post([ID], FRAME) == Posted(delivered=1)
    assert len(naps) == 2
    assert 0 <= naps[0] <= 0.2
    assert 0 <= naps[1] <= 0.4


def test_a_429_that_stays_is_throttled(api: ConnectionsApi, poster: ManagementPoster) -> None:
    api.tell("POST", ID, 429)

    assert poster.post([ID, "other"], FRAME) == Posted(delivered=1, throttled=(ID,))
    assert api.requests["POST", ID] == TRIES


@pytest.mark.parametrize("status", [403, 413, 500, 502, 503, 504])
def test_another_refusal_is_failed_and_not_sent_twice(
    api: ConnectionsApi, poster: ManagementPoster, status: int
) -> None:
    api.tell("POST", ID, status)

    assert poster.post([ID, "other"], FRAME) == Posted(delivered=1, failed=(ID,))
    assert api.requests["POST", ID] == 1


def test_a_kept_connection_that_died_is_no_failure(
    api: ConnectionsApi, poster: ManagementPoster
) -> None:
    api.tell("POST", ID, DROP, 200)

    assert poster.post([ID], FRAME) == Posted(delivered=1)


def test_a_client_that_stalls_delays_no_other_and_is_not_sent_to_twice(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    released = threading.Event()
    stalled = [f"stalled{number}" for number in range(3)]
    others = [f"other{number}" for number in range(40)]
    for name in stalled:
        api.tell("POST", name, lambda: 200 if released.wait(30) else 500)
    poster = poster_at(api.url, threads=4, read_timeout_s=3)

    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(poster.post, [*stalled, *others], FRAME)
        reached_all = api.wait_until(lambda: len(api.frames) == len(others))
        still_waiting = not posting.done()
        posted = posting.result(30)
        released.set()

    assert reached_all
    assert still_waiting
    assert posted == Posted(delivered=len(others), failed=tuple(stalled))
    assert [api.requests["POST", name] for name in stalled] == [1, 1, 1]


def test_no_more_threads_than_allowed_post_at_once(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    together = threading.Barrier(4)
    ids = [f"c{number}" for number in range(20)]
    for name in ids:
        api.tell("POST", name, lambda: 200 if together.wait(10) >= 0 else 500)

    posted = poster_at(api.url, threads=4).post(ids, FRAME)

    assert posted == Posted(delivered=20)
    assert api.busiest == 4


def test_with_nobody_listening_it_is_unavailable(poster_at: PosterFactory) -> None:
    poster = poster_at(f"http://127.0.0.1:{free_port()}/{STAGE}")

    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME)


def test_without_permission_it_is_unavailable(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    poster = poster_at(api.url.replace(STAGE, "another"))

    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME)
