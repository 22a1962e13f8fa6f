"""``ConnectionsApiPoster`` with several frames for each client."""

import pytest

from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.rounds import FUTILE_ROUNDS_MAX
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import Outgoing, SendResult
from tests.unit.adapters.aws.connections_api.fake_api import ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import FakeTime, PosterFactory

FRAMES = ("primero", "segundo", "tercero")
IDS = ("a", "b", "c")


@pytest.mark.parametrize(
    ("status", "times", "outcome"),
    [
        (429, 1 + FUTILE_ROUNDS_MAX, "throttled"),
        (500, 1 + FUTILE_ROUNDS_MAX, "failed"),
        (410, 1, "gone"),
        (413, 1, "failed"),
    ],
)
def test_a_client_that_misses_a_frame_is_sent_none_of_those_after_it(
    api: ConnectionsApi, poster: ConnectionsApiPoster, status: int, times: int, outcome: str
) -> None:
    # It would take the third one.
    api.tell("POST", "b", 200, *[status] * times, 200)

    ((*results,),) = poster.post_frames([Outgoing(IDS, FRAMES)])

    missed = SendResult(delivered=2, **{outcome: ("b",)})  # type: ignore[arg-type]
    assert results == [SendResult(delivered=3), missed, missed]
    assert api.frames == {"a": [*FRAMES], "b": [FRAMES[0]], "c": [*FRAMES]}


def test_every_client_gets_its_first_frame_before_any_gets_its_second(
    api: ConnectionsApi, poster_at: PosterFactory
) -> None:
    posted: list[str] = []

    def note(name: str) -> int:
        posted.append(name)
        return 200

    for name in IDS:
        api.tell("POST", name, lambda name=name: note(name))  # type: ignore[misc]

    poster_at(api.url, threads=1).post_frames(
        [Outgoing(("a",), FRAMES), Outgoing(("b", "c"), FRAMES[:2])]
    )

    assert [sorted(posted[:3]), sorted(posted[3:6]), posted[6:]] == [[*IDS], [*IDS], ["a"]]


def test_frames_that_are_repeated_keep_their_order(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    api.tell("POST", "a", 503, 200, 429, 429, 200)

    ((*results,),) = poster.post_frames([Outgoing(IDS, FRAMES)])

    assert results == [SendResult(delivered=3)] * 3
    assert all(api.frames[name] == [*FRAMES] for name in IDS)


def test_an_api_that_fails_after_the_first_frames_is_no_failure_of_the_whole(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    for name in IDS:
        api.tell("POST", name, 200, 403)

    ((*results,),) = poster.post_frames([Outgoing(IDS, FRAMES)])

    assert results == [SendResult(delivered=3), *[SendResult(failed=IDS)] * 2]


def test_an_api_that_takes_nothing_is_unavailable(
    api: ConnectionsApi, poster: ConnectionsApiPoster
) -> None:
    for name in IDS:
        api.tell("POST", name, 403)

    with pytest.raises(Unavailable):
        poster.post_frames([Outgoing(IDS[:1], FRAMES), Outgoing(IDS[1:], FRAMES[:1])])


def test_frames_that_there_is_no_time_for_have_failed(
    api: ConnectionsApi, poster_at: PosterFactory, time: FakeTime
) -> None:
    def slow() -> int:
        time.sleep(1)
        return 200

    api.tell("POST", "a", slow)

    ((*results,),) = poster_at(api.url).post_frames(
        [Outgoing(("a",), FRAMES)], deadline_s=time.now_s + 1.5
    )

    assert results == [SendResult(delivered=1), SendResult(delivered=1), SendResult(failed=("a",))]
