"""``CallerLimit``: what is counted of whom."""

import pytest

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import PER_ADDRESS, PER_CONNECTION, PER_USER, CallerLimit
from alerta_utec.domain.errors import RateLimited
from alerta_utec.domain.policy import ANONYMOUS, Identity, Role
from tests.fakes.clock import ManualClock

ANA = Identity("ana", Role.ESTUDIANTE)


@pytest.fixture
def limit() -> CallerLimit:
    return CallerLimit(InProcessRateLimits(), ManualClock())


def admitted(limit: CallerLimit, *caller: object) -> int:
    """Return how many submissions of the caller are admitted at once."""
    for count in range(1000):
        try:
            limit.take(*caller)  # type: ignore[arg-type]
        except RateLimited:
            return count
    return 1000


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "unknown"])
def test_an_anonymous_address_has_a_limit_over_all_its_connections(
    limit: CallerLimit, address: str
) -> None:
    over_one = admitted(limit, ANONYMOUS, "c1", address)
    over_http = admitted(limit, ANONYMOUS, None, address)

    assert over_one == PER_CONNECTION.burst
    # The submission that the connection's limit refused was not counted for the address.
    assert over_one + over_http == PER_ADDRESS.burst
    assert admitted(limit, ANONYMOUS, None, "198.51.100.1") == PER_ADDRESS.burst


def test_addresses_of_one_ipv6_network_count_together(limit: CallerLimit) -> None:
    assert admitted(limit, ANONYMOUS, None, "2001:db8::1") == PER_ADDRESS.burst
    assert admitted(limit, ANONYMOUS, None, "2001:db8::2") == 0
    assert admitted(limit, ANONYMOUS, None, "2001:db8:0:1::1") == PER_ADDRESS.burst


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_anonymous_callers_on_this_machine_are_not_counted(
    limit: CallerLimit, address: str
) -> None:
    assert admitted(limit, ANONYMOUS, "c1", address) == 1000


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7"])
def test_users_are_counted_by_name_and_not_by_address(limit: CallerLimit, address: str) -> None:
    assert admitted(limit, ANA, None, address) == PER_USER.burst
    assert admitted(limit, Identity("luis", Role.PERSONAL), None, address) == PER_USER.burst
