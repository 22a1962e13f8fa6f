"""``CallerLimit``: what is counted of whom."""

from contextlib import suppress
from dataclasses import replace

import pytest

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import (
    ASKING,
    CONNECTING_ADDRESS,
    CONNECTING_USER,
    PER_ADDRESS,
    PER_CONNECTION,
    STAFF,
    STUDENT,
    AskingLimit,
    CallerLimit,
)
from alerta_utec.domain.errors import RateLimited
from alerta_utec.domain.policy import ANONYMOUS, KEY_RATE, Grant, Identity, Role, Scope
from alerta_utec.domain.rate import Rate
from alerta_utec.domain.values import Urgency
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


@pytest.mark.parametrize("connection", [None, "c1"])
@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7"])
@pytest.mark.parametrize(
    ("caller", "rate"),
    [
        (Identity("ana", Role.ESTUDIANTE), STUDENT),
        (Identity("luis", Role.PERSONAL), STAFF),
        (Identity("jefa", Role.AUTORIDAD), STAFF),
        (Identity("sensor", Role.PERSONAL, Grant(frozenset({Scope.REPORT}))), KEY_RATE),
        (
            Identity("lento", Role.PERSONAL, Grant(frozenset({Scope.REPORT}), rate=Rate(1, 3))),
            Rate(1, 3),
        ),
    ],
)
def test_users_are_counted_by_name_at_the_rate_of_their_role_or_key(
    limit: CallerLimit, caller: Identity, rate: Rate, address: str, connection: str | None
) -> None:
    assert admitted(limit, caller, connection, address) == rate.burst
    assert admitted(limit, replace(caller, user="otra"), "c2", address) == rate.burst


def test_two_students_leave_room_for_the_reports_of_others() -> None:
    together = Rate(10, 10)
    limit = CallerLimit(InProcessRateLimits(), ManualClock(), shared=together)

    ordinary = 0
    with suppress(RateLimited):
        while ordinary < 100:
            limit.take_shared(ANA, Urgency.MEDIUM)
            ordinary += 1

    assert ordinary == together.burst
    for caller, urgency in (
        (ANA, Urgency.HIGH),
        (ANONYMOUS, Urgency.HIGH),
        (Identity("luis", Role.PERSONAL), Urgency.LOW),
        (Identity("sensor", Role.PERSONAL, Grant(frozenset({Scope.REPORT}))), Urgency.LOW),
    ):
        limit.take_shared(caller, urgency)
    with pytest.raises(RateLimited):
        limit.take_shared(ANONYMOUS, Urgency.LOW)


def test_one_machine_has_no_shared_limit(limit: CallerLimit) -> None:
    for _ in range(1000):
        limit.take_shared(ANA, Urgency.LOW)


@pytest.fixture
def asking() -> AskingLimit:
    return AskingLimit(InProcessRateLimits(), ManualClock())


def asked(asking: AskingLimit, action: str, connection: str, address: str) -> int:
    """Return how many messages of the connection are admitted at once."""
    for count in range(1000):
        try:
            asking.ask(action, connection, address)
        except RateLimited:
            return count
    return 1000


@pytest.mark.parametrize("action", ASKING)
def test_each_connection_has_its_own_limit_of_each_action(asking: AskingLimit, action: str) -> None:
    for connection in ("c1", "c2"):
        assert asked(asking, action, connection, "203.0.113.7") == ASKING[action].burst
    assert asked(asking, action, "c3", "127.0.0.1") == 1000
    assert asked(asking, "notify", "c1", "203.0.113.7") == 1000


def connected(asking: AskingLimit, caller: Identity, address: str) -> int:
    """Return how many handshakes are admitted at once."""
    for count in range(2000):
        try:
            asking.connect(caller, address)
        except RateLimited:
            return count
    return 2000


def test_handshakes_are_counted_by_user_else_by_address(asking: AskingLimit) -> None:
    assert connected(asking, ANA, "203.0.113.7") == CONNECTING_USER.burst
    assert connected(asking, ANONYMOUS, "203.0.113.7") == CONNECTING_ADDRESS.burst
    assert connected(asking, ANONYMOUS, "198.51.100.1") == CONNECTING_ADDRESS.burst
    assert connected(asking, ANONYMOUS, "::1") == 2000
