"""The limit of connections from one address."""

import pytest

from alerta_utec.gateway.address_limit import AddressLimit, Admission

ADMITTED, REFUSED, EXCESS = Admission.ADMITTED, Admission.REFUSED, Admission.EXCESS


def test_one_address_has_so_many_connections_as_many_refusals_and_then_no_answer() -> None:
    limit = AddressLimit(2)

    entered = [limit.enter("203.0.113.7") for _ in range(5)]
    for _ in range(4):
        limit.leave("203.0.113.7")

    assert entered == [ADMITTED, ADMITTED, REFUSED, REFUSED, EXCESS]
    assert limit.enter("203.0.113.7") is ADMITTED
    assert limit.enter("203.0.113.7") is REFUSED
    assert limit.enter("203.0.113.8") is ADMITTED


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_has_any_number_of_connections(address: str) -> None:
    limit = AddressLimit(1)

    assert {limit.enter(address) for _ in range(10)} == {ADMITTED}


def test_the_addresses_of_one_ipv6_network_are_counted_together() -> None:
    limit = AddressLimit(1)

    assert limit.enter("2001:db8:1:2::1") is ADMITTED
    assert limit.enter("2001:db8:1:2:ffff::9") is REFUSED
    assert limit.enter("2001:db8:1:3::1") is ADMITTED


def test_ipv4_inside_ipv6_is_counted_as_ipv4() -> None:
    limit = AddressLimit(1)

    assert limit.enter("203.0.113.7") is ADMITTED
    assert limit.enter("::ffff:203.0.113.7") is REFUSED
    assert limit.enter("::ffff:203.0.113.8") is ADMITTED


def test_clients_that_a_proxy_does_not_name_are_counted_together() -> None:
    limit = AddressLimit(1)

    assert [limit.enter("unknown") for _ in range(2)] == [ADMITTED, REFUSED]


def test_without_a_limit_any_number_is_admitted() -> None:
    limit = AddressLimit()

    assert {limit.enter("203.0.113.7") for _ in range(10)} == {ADMITTED}
