"""``backoff.delay_s``: the waits grow, stop at the cap, and spread by the jitter asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.backoff import delay_s

SECONDS = st.floats(min_value=1e-6, max_value=1e6)
ATTEMPTS = st.integers(min_value=0, max_value=100_000)


def least(low: float, _high: float) -> float:
    return low


def most(_low: float, high: float) -> float:
    return high


def test_the_delay_doubles_from_its_base_up_to_its_cap() -> None:
    delays = [delay_s(attempt, base_s=2, cap_s=30) for attempt in range(7)]

    assert delays == [2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("jitter", "expected"), [(0.0, (8, 8)), (0.25, (6, 8)), (0.5, (4, 8)), (1.0, (0, 8))]
)
def test_the_jitter_is_the_random_share_of_the_ceiling(
    jitter: float, expected: tuple[float, float]
) -> None:
    shortest, longest = (
        delay_s(2, base_s=2, cap_s=30, jitter=jitter, uniform=draw) for draw in (least, most)
    )

    assert (shortest, longest) == expected


@given(attempt=ATTEMPTS, base_s=SECONDS, cap_s=SECONDS, jitter=st.floats(0, 1))
def test_the_delay_is_never_negative_nor_above_the_cap(
    attempt: int, base_s: float, cap_s: float, jitter: float
) -> None:
    delay = delay_s(attempt, base_s=base_s, cap_s=cap_s, jitter=jitter)

    assert 0 <= delay <= cap_s


@given(attempt=ATTEMPTS, base_s=SECONDS, cap_s=SECONDS)
def test_the_delay_without_jitter_never_shrinks_and_at_most_doubles(
    attempt: int, base_s: float, cap_s: float
) -> None:
    before, after = (delay_s(n, base_s=base_s, cap_s=cap_s) for n in (attempt, attempt + 1))

    assert before <= after <= 2 * before


@given(base_s=SECONDS, cap_s=SECONDS)
def test_the_delay_reaches_its_cap(base_s: float, cap_s: float) -> None:
    assert delay_s(1000, base_s=base_s, cap_s=cap_s) == cap_s
