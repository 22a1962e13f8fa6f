"""``RateLimits``: buckets that refill over time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from alerta_utec.ports.rate_limits import RateLimits
from tests.contract.builders import T0

SECOND = timedelta(seconds=1)


def taken(limits: RateLimits, key: str, seconds: float, times: int) -> int:
    """Return how many of ``times`` calls are allowed at one moment."""
    moment = T0 + seconds * SECOND
    return sum(limits.take(key, moment, per_s=2, burst=5) == 0.0 for _ in range(times))


def test_a_bucket_holds_its_burst_and_fills_at_its_rate(rate_limits: RateLimits) -> None:
    assert taken(rate_limits, "a", 0, 8) == 5
    assert taken(rate_limits, "a", 0.5, 8) == 1
    assert taken(rate_limits, "a", 1.5, 8) == 2
    assert taken(rate_limits, "a", 100, 8) == 5


def test_a_refusal_says_how_long_to_wait_and_takes_nothing(
    rate_limits: RateLimits,
) -> None:
    taken(rate_limits, "a", 0, 5)

    waits = [rate_limits.take("a", T0, per_s=2, burst=5) for _ in range(3)]

    assert waits == [pytest.approx(0.5)] * 3
    assert rate_limits.take("a", T0 + 0.5 * SECOND, per_s=2, burst=5) == 0.0


def test_keys_do_not_share_a_bucket(rate_limits: RateLimits) -> None:
    taken(rate_limits, "a", 0, 5)

    assert taken(rate_limits, "b", 0, 8) == 5


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_is_set_back_causes_no_wait(rate_limits: RateLimits, hours: int) -> None:
    assert taken(rate_limits, "a", hours * 3600, 8) == 5

    assert taken(rate_limits, "a", 0, 8) == 5
    assert taken(rate_limits, "a", 0.5, 8) == 1


def test_many_callers_at_once_take_no_more_than_the_burst(rate_limits: RateLimits) -> None:
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _n: taken(rate_limits, "a", 0, 5), range(8)))

    assert sum(allowed) == 5


def test_no_wait_is_longer_than_it_takes_to_fill_a_bucket(rate_limits: RateLimits) -> None:
    taken(rate_limits, "a", 0, 8)

    waits = [
        rate_limits.take("a", T0 - seconds * SECOND, per_s=2, burst=5) for seconds in range(-3, 5)
    ]

    assert max(waits) <= 5 / 2
