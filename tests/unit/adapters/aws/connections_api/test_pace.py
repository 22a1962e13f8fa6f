"""``Pace``: the poster never exceeds its share, and does not stay below it for no reason."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.adapters.aws.connections_api.pace import Pace, share_of
from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.ports.broadcast import Outgoing
from tests.unit.adapters.aws.connections_api.fake_api import ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import FakeTime, connections_http

# Sums of floats.
CLOSE = 1e-6


class LatestTime:
    """A clock of several threads, each of which is where its own sleeps have brought it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine = threading.local()
        self.now_s = 0.0

    def monotonic(self) -> float:
        with self._lock:
            return self.now_s

    def sleep(self, seconds: float) -> None:
        self._mine.late_s = seconds

    def started_s(self) -> float:
        """Return when the request begins that the thread has just waited for."""
        late_s = getattr(self._mine, "late_s", 0.0)
        self._mine.late_s = 0.0
        return self.monotonic() + late_s


def exceeds(starts: list[float], per_s: float, burst: int) -> bool:
    """Return whether any span of time has more requests than its share."""
    starts = sorted(starts)
    return any(
        later - first + 1 > burst + per_s * (starts[later] - starts[first]) + CLOSE
        for first in range(len(starts))
        for later in range(first, len(starts))
    )


@given(
    st.floats(1, 10_000),
    st.integers(1, 20),
    st.lists(st.floats(0, 0.05), min_size=1, max_size=60),
)
def test_no_span_of_time_has_more_requests_than_its_share(
    per_s: float, burst: int, idle_s: list[float]
) -> None:
    time = FakeTime()
    pace = Pace(per_s=per_s, burst=burst, sleep=time.sleep, monotonic=time.monotonic)
    starts = []

    for idle in idle_s:
        time.now_s += idle
        pace.wait()
        starts.append(time.now_s)

    assert not exceeds(starts, per_s, burst)


def test_a_pace_without_room_waits_and_one_with_room_does_not() -> None:
    time = FakeTime()
    pace = Pace(per_s=10, burst=3, sleep=time.sleep, monotonic=time.monotonic)

    for _ in range(5):
        pace.wait()
    first = list(time.naps)
    time.now_s += 100
    for _ in range(3):
        pace.wait()

    assert first == pytest.approx([0.1, 0.1])
    assert len(time.naps) == 2


def test_threads_together_have_one_share() -> None:
    time = LatestTime()
    pace = Pace(per_s=100, burst=5, sleep=time.sleep, monotonic=time.monotonic)

    def request(_number: int) -> float:
        pace.wait()
        return time.started_s()

    with ThreadPoolExecutor(16) as pool:
        starts = list(pool.map(request, range(200)))

    assert not exceeds(starts, 100, 5)
    assert max(starts) == pytest.approx((200 - 5) / 100)


def test_the_poster_waits_for_posts_their_repeats_and_its_looks_at_gone_clients(
    api: ConnectionsApi, time: FakeTime
) -> None:
    api.tell("POST", "slow", 503, 200)
    api.tell("POST", "gone", 410)
    pace = Pace(per_s=1, burst=1, sleep=time.sleep, monotonic=time.monotonic)
    http = connections_http(api.url)
    poster = ConnectionsApiPoster(
        http, threads=1, pace=pace, sleep=lambda _: None, monotonic=time.monotonic
    )

    poster.post_frames([Outgoing(("slow", "gone", "other"), ("uno", "dos"))])
    http.close()

    requests = sum(api.requests.values())
    # Two frames to two clients, one of them repeated, and two requests to the one that is gone.
    assert requests == 7
    assert sum(time.naps) == pytest.approx(requests - 1)


@pytest.mark.parametrize("quota", [2_500, 10_000])
@pytest.mark.parametrize("workers", [1, 2, 5, 1000])
def test_all_workers_together_leave_room_under_the_account_s_quota(
    quota: int, workers: int
) -> None:
    of_one = share_of(quota, workers)

    per_s, burst = 1 / of_one._interval_s, 1 + of_one._unused_max_s / of_one._interval_s

    assert per_s * workers == pytest.approx(0.7 * quota)
    # A bucket has one token at least, so a thousand workers have a thousand.
    assert round(burst) * workers <= max(0.7 * quota / 2, workers)
