"""``ConnectionsApiPoster``: each client's outcome, and no client that delays another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.rounds import FUTILE_ROUNDS_MAX
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult
from tests.support.emulator import free_port
from tests.unit.adapters.aws.connections_api.fake_api import DROP, STAGE, ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import PosterFactory

FRAME = '{"type":"incident_update","incident":{"location":"Laboratorio Ñ 🎓"}}'
ID = "BFHPhfCWIAMCKlQ="


def test_each_connection_gets_the_frame_once(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    ids = [f"{number:015}=" for number in range(100)]

    posted = poster.post([*ids, *ids], FRAME)

    assert posted == SendResult(delivered=100)
    assert api.frames == {name: [FRAME] for name in ids}


def test_a_post_to_no_connection_sends_nothing(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    assert poster.post([], FRAME) == SendResult()
    assert not api.requests


def test_a_410_that_is_confirmed_is_gone(api: ConnectionsApi, poster: ConnectionsApiPoster) -> None:
    api.tell("POST", ID, 410)

    posted = poster.post([ID, "other"], FRAME)

    assert posted == SendResult(delivered=1, gone=(ID,))
    assert api.requests["POST", ID] == api.requests["GET", ID] == 1


def test_a_false_410_is_not_gone_and_gets_the_frame(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    api.tell("POST", ID, 410, 200)
    api.tell("GET", ID, 200)

    assert poster.post([ID], FRAME) == SendResult(delivered=1)
    assert api.frames == {ID: [FRAME]}


@pytest.mark.parametrize("second_look", [200, 429, 500, DROP])
def test_a_410_that_is_never_confirmed_is_failed_and_not_gone(
    api: ConnectionsApi, poster: ConnectionsApiPoster, second_look: int
) -> None:
    api.tell("POST", ID, 410)
    api.tell("GET", ID, second_look)

    assert poster.post([ID, "other"], FRAME) == SendResult(delivered=1, failed=(ID,))
    assert api.requests["POST", ID] == 1 + FUTILE_ROUNDS_MAX


def test_an_id_that_no_connection_can_have_is_gone(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    api.tell("POST", "x", 400)
    api.tell("GET", "x", 400)

    assert poster.post(["x"], FRAME) == SendResult(gone=("x",))


@pytest.mark.parametrize("status", [403, 413])
def test_another_refused_post_is_failed_and_not_repeated(
    api: ConnectionsApi, poster: ConnectionsApiPoster, status: int
) -> None:
    api.tell("POST", ID, status)

    assert poster.post([ID, "other"], FRAME) == SendResult(delivered=1, failed=(ID,))
    assert api.requests["POST", ID] == 1


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_frame_that_reaches_no_client_through_the_apis_fault_is_unavailable(
    api: ConnectionsApi, poster: ConnectionsApiPoster, status: int
) -> None:
    for name in (ID, "other"):
        api.tell("POST", name, status)

    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME)


def test_gone_clients_do_not_hide_that_no_other_is_reached(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    api.tell("POST", "gone", 410)
    api.tell("POST", ID, 503)

    with pytest.raises(Unavailable):
        poster.post([ID, "gone"], FRAME)


def test_a_kept_connection_that_died_causes_no_failure(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    api.tell("POST", ID, DROP, 200)

    assert poster.post([ID], FRAME) == SendResult(delivered=1)


def test_a_client_that_stalls_delays_no_other_and_gets_no_second_post(
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
    assert posted == SendResult(delivered=len(others), failed=tuple(stalled))
    assert [api.requests["POST", name] for name in stalled] == [1, 1, 1]


def test_no_more_threads_than_allowed_post_at_once(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    together = threading.Barrier(4)
    ids = [f"c{number}" for number in range(20)]
    for name in ids:
        api.tell("POST", name, lambda: 200 if together.wait(10) >= 0 else 500)

    posted = poster_at(api.url, threads=4).post(ids, FRAME)

    assert posted == SendResult(delivered=20)
    assert api.busiest == 4


def test_a_frame_without_a_listening_api_is_unavailable(poster_at: PosterFactory) -> None:
    poster = poster_at(f"http://127.0.0.1:{free_port()}/{STAGE}")

    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME)


def test_a_frame_without_permission_is_unavailable(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    poster = poster_at(api.url.replace(STAGE, "another"))

    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME)
