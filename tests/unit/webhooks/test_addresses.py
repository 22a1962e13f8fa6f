"""The address policy of webhooks: which IP addresses count as public, and which are the own."""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.webhooks.addresses import (
    SPECIAL_IPV4,
    SPECIAL_IPV6,
    Address,
    is_own,
    is_public,
    may_be_reached,
)
from alerta_utec.webhooks.sender import HttpWebhookSender
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock

PRIVATE = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("100::1", "2001::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1"),
    *("2002:a00:1::1", "::127.0.0.1", "::8.8.8.8", "4000::1", "localhost", "127.1"),
    # The metadata of clouds, and what they offer to the machines inside.
    *("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    *("161.26.0.10", "166.9.1.1", "::ffff:168.63.129.16", "64:ff9b::a83f:8110"),
    *("2002:a83f:8110::1", "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:a00:1"),
    # Teredo with any embedded address, and special blocks within 2000::/3.
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:20::1", "2001:1::1", "2001:1ff:ffff::1"),
    *("3fff::1", "3fff:fff:ffff::1", "2620:4f:8000::1", "5f00::1", "192.88.99.1"),
    *("2002:c058:6301::1", "0177.0.0.1", "2130706433", "127.0.0.1 ", "", "::ffff:0:127.0.0.1"),
)
PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
    *("192.167.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
    *("168.63.129.15", "168.63.129.17", "2606:4700::5efe:8.8.8.8", "2001:200::1", "4.4.4.4"),
)
# IANA's registries as of 2026, each block with its neighbours: what lies beside it is public
# unless the second block named here has it.
IPV4_BLOCKS = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
    *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32"),
    *("161.26.0.0/16", "166.8.0.0/14"),
)
IPV6_BLOCKS = ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")


@pytest.mark.parametrize("source", [*SPECIAL_IPV4.values(), *SPECIAL_IPV6.values()])
def test_each_block_of_the_table_names_its_source(source: str) -> None:
    assert re.search(r"RFC \d{3,4}|documentation|API reference", source)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_global_unicast_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_global_unicast_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("block", IPV4_BLOCKS)
def test_a_special_ipv4_block_is_refused_up_to_its_edges(block: str) -> None:
    network = IPv4Network(block)
    inside = [network[0], network[-1]]
    outside = [
        IPv4Address(value)
        for value in (int(network[0]) - 1, int(network[-1]) + 1)
        if 0 <= value < 2**32
    ]

    assert [is_public(str(one)) for one in inside] == [False, False]
    assert all(is_public(str(one)) for one in outside)


@pytest.mark.parametrize("block", IPV6_BLOCKS)
def test_a_special_ipv6_block_is_refused_up_to_its_edges(block: str) -> None:
    network = IPv6Network(block)
    outside = [IPv6Address(int(network[-1]) + 1), IPv6Address(int(network[0]) - 1)]
    # 1fff:… and 4000:… are outside of the global unicast.
    reachable = [one for one in outside if one in IPv6Network("2000::/3")]

    assert [is_public(str(one)) for one in (network[0], network[-1])] == [False, False]
    assert all(is_public(str(one)) for one in reachable)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_python_knows_as_special_is_public(ip: IPv4Address) -> None:
    if ip.is_private or ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local:
        assert not is_public(str(ip))


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_is_no_more_public_than_the_ipv4_address_in_it(ip: IPv4Address) -> None:
    number = int(ip)
    wrapped = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x2606_4700 << 96) | (0x5EFE << 32) | number),
    ]

    assert {is_public(str(one)) for one in wrapped} == {is_public(str(ip))}


# Own addresses


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::ffff:127.0.0.1", "2002:7f00:1::"])
def test_an_address_of_this_machine_is_its_own(address: str) -> None:
    assert is_own(address)


def test_ipv6_loopback_is_an_own_address() -> None:
    # A container can be without IPv6; then there is no such address either.
    assert is_own("::1") == has_ipv6()


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "8.8.8.8", "x", "fe80::1%eth0"])
def test_an_address_elsewhere_is_not_the_machine_s_own(address: str) -> None:
    assert not is_own(address)


def test_every_address_of_an_interface_is_an_own_address() -> None:
    found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    own = {str(sockaddr[0]) for _, _, _, _, sockaddr in found}

    assert all(is_own(address) for address in own if "%" not in address)
    assert not any(may_be_reached(address) for address in own)


def test_a_public_address_of_this_machine_is_not_reached() -> None:
    assert may_be_reached("8.8.8.8", is_own=lambda _address: False)
    assert not may_be_reached("8.8.8.8", is_own=lambda _address: True)


# The sender


class Unconnected:
    """A connector that connects to nothing and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[Address]] = []

    def connect(self, addresses: list[Address], _deadline: float) -> socket.socket:
        self.asked.append(addresses)
        raise ConnectionRefusedError


def address_of(host: str) -> Address:
    return (socket.AF_INET6, (host, 443, 0, 0)) if ":" in host else (socket.AF_INET, (host, 443))


@pytest.mark.parametrize("host", [one for one in PRIVATE if one[:1].isdigit() or ":" in one])
def test_the_sender_never_connects_to_a_refused_address(host: str) -> None:
    connector = Unconnected()
    sender = HttpWebhookSender(
        ManualClock(T0), resolve=lambda _host, _port: [address_of(host)], connect=connector.connect
    )

    result = sender.post("https://receptor.example/", b"{}", {})

    assert (result.status, result.failure) == (None, "private_address")
    assert connector.asked == []


def test_the_sender_connects_to_the_allowed_ones_of_several_addresses_only() -> None:
    connector = Unconnected()
    mixed = [address_of(host) for host in ("10.0.0.1", "8.8.8.8", "::1", "2606:4700:4700::1111")]
    sender = HttpWebhookSender(
        ManualClock(T0), resolve=lambda _host, _port: mixed, connect=connector.connect
    )

    result = sender.post("https://receptor.example/", b"{}", {})

    assert result.failure == "unreachable"
    assert connector.asked == [[mixed[1], mixed[3]]]
