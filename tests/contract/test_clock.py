"""``Clock``: aware times in UTC that do not run backwards."""

from datetime import UTC, timedelta

import pytest

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.ports.clock import Clock
from tests.fakes.clock import ManualClock


@pytest.fixture(params=[SystemClock, ManualClock])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_the_time_is_aware_and_in_utc(any_clock: Clock) -> None:
    now = any_clock.now()

    assert now.tzinfo is UTC
    assert now.utcoffset() == timedelta(0)


def test_the_time_does_not_run_backwards(any_clock: Clock) -> None:
    times = [any_clock.now() for _ in range(100)]

    assert times == sorted(times)
