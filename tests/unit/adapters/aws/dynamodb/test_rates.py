"""``DynamoRateLimits``: how many calls a token costs, in one process and in several."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.rates import DynamoRateLimits
from tests.contract.builders import T0
from tests.unit.adapters.aws.faults import FaultyWire

SECOND = timedelta(seconds=1)


@pytest.fixture
def limits(faulty: DynamoIncidents, wire: FaultyWire) -> DynamoRateLimits:
    """Limits in a container that has just started."""
    return DynamoRateLimits(wire.client, faulty.tables.keys)


@contextmanager
def costing(wire: FaultyWire, *operations: str) -> Iterator[None]:
    """Assert the calls of the block."""
    wire.sent.clear()
    yield
    assert wire.sent == list(operations)


def take(limits: DynamoRateLimits, seconds: float = 0.0, key: str = "ana") -> float:
    return limits.take(key, T0 + seconds * SECOND, per_s=2, burst=5)


def test_each_token_costs_one_write(limits: DynamoRateLimits, wire: FaultyWire) -> None:
    for seconds in (0.0, 0.0, 0.1, 0.7, 60.0, 60.0):
        with costing(wire, "UpdateItem"):
            assert take(limits, seconds) == 0.0


def test_a_refusal_that_this_process_knows_costs_nothing(
    limits: DynamoRateLimits, wire: FaultyWire
) -> None:
    for _ in range(5):
        take(limits)

    with costing(wire):
        assert take(limits) == pytest.approx(0.5)


def test_a_process_learns_of_a_bucket_in_use_by_one_failed_write(
    limits: DynamoRateLimits, wire: FaultyWire
) -> None:
    another = DynamoRateLimits(limits.client, limits.table)
    take(limits)

    with costing(wire, "UpdateItem", "UpdateItem"):
        assert take(another) == 0.0
    with costing(wire, "UpdateItem"):
        assert take(another) == 0.0


def test_a_process_learns_of_an_empty_bucket_by_one_failed_write(
    limits: DynamoRateLimits, wire: FaultyWire
) -> None:
    another = DynamoRateLimits(limits.client, limits.table)
    take(another)
    for _ in range(4):
        take(limits)

    with costing(wire, "UpdateItem"):
        assert take(another) == pytest.approx(0.5)


def test_processes_that_share_a_bucket_take_no_more_than_it_has(
    limits: DynamoRateLimits,
) -> None:
    others = [DynamoRateLimits(limits.client, limits.table) for _ in range(3)]

    allowed = [take(one) == 0.0 for _ in range(4) for one in (limits, *others)]
    later = [take(one, 1.0) == 0.0 for one in (limits, *others)]

    assert sum(allowed) == 5
    assert sum(later) == 2
