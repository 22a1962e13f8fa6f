"""``ConnectionsApiPoster``: retries to some clients, their time limit and order."""

import pytest

from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.rounds import FUTILE_ROUNDS_MAX
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult
from tests.unit.adapters.aws.connections_api.fake_api import ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import FakeTime, PosterFactory

FRAME = '{"type":"incident_update"}'
ID = "BFHPhfCWIAMCKlQ="


def test_a_429_that_passes_is_delivered(
    api: ConnectionsApi, poster: ConnectionsApiPoster, time: FakeTime
) -> None:
    api.tell("POST", ID, 429, 429, 200)

    assert poster.post([ID], FRAME) == SendResult(delivered=1)
    assert len(time.naps) == 2
    assert 0 <= time.naps[0] <= 0.2
    assert 0 <= time.naps[1] <= 0.4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_that_passes_is_delivered(
    api: ConnectionsApi, poster: ConnectionsApiPoster, status: int
) -> None:
    api.tell("POST", ID, status, 200)

    assert poster.post([ID, "other"], FRAME) == SendResult(delivered=2)
    assert api.frames == {ID: [FRAME], "other": [FRAME]}


@pytest.mark.parametrize(
    ("status", "posted"),
    [
        (429, SendResult(delivered=1, throttled=(ID,))),
        (500, SendResult(delivered=1, failed=(ID,))),
        (503, SendResult(delivered=1, failed=(ID,))),
    ],
)
def test_a_client_that_keeps_failing_is_given_up_within_two_seconds(
    api: ConnectionsApi,
    poster: ConnectionsApiPoster,
    time: FakeTime,
    status: int,
    posted: SendResult,
) -> None:
    api.tell("POST", ID, status)

    assert poster.post([ID, "other"], FRAME, deadline_s=time.now_s + 100) == posted
    assert api.requests["POST", ID] == 1 + FUTILE_ROUNDS_MAX
    assert sum(time.naps) < 2


def test_a_rate_limit_is_waited_out_while_other_clients_are_reached(
    api: ConnectionsApi, poster: ConnectionsApiPoster, time: FakeTime
) -> None:
    ids = [f"c{number}" for number in range(30)]
    for number, name in enumerate(ids):
        api.tell("POST", name, *[429] * number, 200)

    assert poster.post(ids, FRAME, deadline_s=time.now_s + 1000) == SendResult(delivered=30)
    assert len(time.naps) == 29
    assert max(time.naps) <= 2


def test_posts_are_retried_until_the_deadline_while_no_client_is_reached(
    api: ConnectionsApi, poster: ConnectionsApiPoster, time: FakeTime
) -> None:
    for name in (ID, "other"):
        api.tell("POST", name, *[503] * 20, 200)

    assert poster.post([ID, "other"], FRAME, deadline_s=time.now_s + 100) == SendResult(delivered=2)
    assert 5 < sum(time.naps) < 45


def test_no_post_begins_after_the_deadline_and_the_remaining_clients_have_failed(
    api: ConnectionsApi, poster_at: PosterFactory, time: FakeTime
) -> None:
    deadline_s = time.now_s + 1
    ids = [f"c{number}" for number in range(10)]

    def slow() -> int:
        time.sleep(0.25)
        return 200

    for name in ids:
        api.tell("POST", name, slow)

    posted = poster_at(api.url, threads=1).post(ids, FRAME, deadline_s=deadline_s)

    assert posted.delivered == 4
    assert len(posted.failed) == 6
    assert sum(api.requests.values()) == 4


def test_a_frame_past_its_deadline_is_unavailable_and_not_sent(
    api: ConnectionsApi, poster: ConnectionsApiPoster, time: FakeTime
) -> None:
    with pytest.raises(Unavailable):
        poster.post([ID, "other"], FRAME, deadline_s=time.now_s)

    assert not api.requests


def test_a_throttled_client_is_throttled_when_the_time_ends(
    api: ConnectionsApi, poster: ConnectionsApiPoster, time: FakeTime
) -> None:
    api.tell("POST", ID, 429)

    posted = poster.post([ID, "other"], FRAME, deadline_s=time.now_s + 1e-9)

    assert posted == SendResult(delivered=1, throttled=(ID,))
    assert api.requests["POST", ID] == 1


def test_no_client_is_always_last(api: ConnectionsApi, poster_at: PosterFactory) -> None:
    ids = [f"c{number}" for number in range(40)]
    poster = poster_at(api.url, threads=1)

    poster.post(ids, FRAME)
    first = list(api.frames)
    api.frames.clear()
    poster.post(ids, FRAME)

    assert sorted(first) == sorted(api.frames) == sorted(ids)
    assert list(api.frames) != first


def test_the_log_has_the_reasons_and_counts_once_a_round(
    api: ConnectionsApi, poster: ConnectionsApiPoster, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        api.tell("POST", f"broken{number}", 503, 200)
    api.tell("POST", "slow", 429, 200)
    api.tell("POST", "large", 413)

    poster.post([*(f"broken{number}" for number in range(20)), "slow", "large"], FRAME)

    assert [(one.message, one.reasons) for one in caplog.records] == [  # type: ignore[attr-defined]
        ("posts_failed", {"503": 20, "413": 1})
    ]
