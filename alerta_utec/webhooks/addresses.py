"""The address policy of webhooks: requests go to public addresses only (SSRF protection).

The table is this module's own, so that the policy does not change with the version of Python.
"""

import contextlib
import socket
from collections.abc import Callable, Mapping
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

# Each block with its source. IANA, "IPv4 Special-Purpose Address Registry" (RFC 6890), is here as a
# whole: the few blocks in it that are globally reachable are relays and sinks, never receivers.
SPECIAL_IPV4: Mapping[IPv4Network, str] = {
    IPv4Network(block): source
    for block, source in (
        ("0.0.0.0/8", "this network: RFC 791, section 3.2"),
        ("10.0.0.0/8", "private use: RFC 1918"),
        ("100.64.0.0/10", "shared: RFC 6598; Alibaba Cloud's metadata at 100.100.100.200"),
        ("127.0.0.0/8", "loopback: RFC 1122, section 3.2.1.3"),
        ("169.254.0.0/16", "link-local: RFC 3927; the metadata of most clouds"),
        ("172.16.0.0/12", "private use: RFC 1918"),
        ("192.0.0.0/24", "protocol assignments: RFC 6890; Oracle Cloud's metadata at 192.0.0.192"),
        ("192.0.2.0/24", "documentation: RFC 5737"),
        ("192.31.196.0/24", "AS112: RFC 7535"),
        ("192.52.193.0/24", "AMT: RFC 7450"),
        ("192.88.99.0/24", "6to4 relays, deprecated: RFC 7526"),
        ("192.168.0.0/16", "private use: RFC 1918"),
        ("192.175.48.0/24", "AS112, direct delegation: RFC 7534"),
        ("198.18.0.0/15", "benchmarking: RFC 2544"),
        ("198.51.100.0/24", "documentation: RFC 5737"),
        ("203.0.113.0/24", "documentation: RFC 5737"),
        ("224.0.0.0/4", "multicast: RFC 5771"),
        ("240.0.0.0/4", "reserved: RFC 1112, section 4; with the limited broadcast, RFC 919"),
        # Services that a cloud offers to the machines inside it, at global addresses.
        ("168.63.129.16/32", 'Azure documentation, "What is IP address 168.63.129.16?"'),
        (
            "161.26.0.0/16",
            'IBM Cloud documentation, "IBM Cloud IP ranges": infrastructure services',
        ),
        ("166.8.0.0/14", 'IBM Cloud documentation, "VPC API reference": Cloud Service Endpoints'),
    )
}
# RFC 4291, section 2.4, and IANA's registry: no other IPv6 unicast is global. This leaves out
# loopback, unique local (with the metadata of AWS and Google Cloud), link-local and multicast.
GLOBAL_UNICAST = IPv6Network("2000::/3")
# IANA, "IPv6 Special-Purpose Address Registry": the blocks within ``GLOBAL_UNICAST``, with sources.
SPECIAL_IPV6: Mapping[IPv6Network, str] = {
    IPv6Network(block): source
    for block, source in (
        ("2001::/23", "protocol assignments, with Teredo, ORCHID, benchmarking, AMT: RFC 2928"),
        ("2001:db8::/32", "documentation: RFC 3849"),
        ("2620:4f:8000::/48", "AS112, direct delegation: RFC 7534"),
        ("3fff::/20", "documentation: RFC 9637"),
    )
}
# What a deployment can allow besides: the networks of a campus or of a VPC.
PRIVATE = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",  # shared (RFC 6598), as overlay networks use it
            "fc00::/7",  # unique local (RFC 4193)
        ),
    )
)
# The metadata of clouds within these: Alibaba Cloud's, AWS's and Google Cloud's.
_METADATA = tuple(map(ip_network, ("100.100.100.200/32", "fd00:ec2::/32", "fd20:ce::/32")))
# RFC 6052, section 2.1: the last 32 bits are an IPv4 address.
_NAT64 = IPv6Network("64:ff9b::/96")
# RFC 5214, section 6.1: an interface identifier that ends in an IPv4 address.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})

Ip = IPv4Address | IPv6Address
Sockaddr = tuple[Any, ...]
Address = tuple[socket.AddressFamily | int, Sockaddr]
Resolve = Callable[[str, int], list[Address]]
# Any port: the socket that asks for the route sends nothing.
_DISCARD_PORT = 9


def is_public(address: str) -> bool:
    """Return whether an IP address is global unicast and of no special purpose.

    An IPv6 address that embeds an IPv4 address is public only if that one is.
    """
    ip = _parse(address)
    if ip is None:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in SPECIAL_IPV4)
    embedded = _embedded(ip)
    if embedded is not None and not is_public(str(embedded)):
        return False
    if ip.ipv4_mapped or ip in _NAT64:
        return True
    return ip in GLOBAL_UNICAST and not any(ip in network for network in SPECIAL_IPV6)


def is_own(address: str) -> bool:
    """Return whether an IP address, or the one that it embeds, is an address of this machine.

    The system's route to an own address has that address, or one of loopback, as its source. An
    address that a router outside translates to this machine is unknown to it.
    """
    ip = _parse(address)
    if ip is None:
        return False
    embedded = _embedded(ip) if isinstance(ip, IPv6Address) else None
    return any(_stays_here(one) for one in (ip, embedded) if one is not None)


def is_private(address: str) -> bool:
    """Return whether an IP address is in ``PRIVATE``, and no cloud's metadata."""
    ip = _parse(address)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return (
        ip is not None
        and any(ip in network for network in PRIVATE)
        and not any(ip in network for network in _METADATA)
    )


def is_loopback(address: str) -> bool:
    """Return whether an IP address is this machine's loopback."""
    ip = _parse(address)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip is not None and ip.is_loopback


def may_be_reached(
    address: str,
    *,
    private: bool = False,
    own: bool = False,
    is_own: Callable[[str], bool] = is_own,
) -> bool:
    """Return whether webhooks may be posted to an IP address.

    ``private``: also to those of ``is_private``. ``own``: also to this machine.
    """
    allowed = is_public(address) or (private and is_private(address))
    return (own and is_loopback(address)) or (allowed and (own or not is_own(address)))


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host name, as ``(family, sockaddr)``, in the system's order.

    Raises:
        socket.gaierror: the name has no address.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


def _parse(address: str) -> Ip | None:
    """Return the address; ``None`` if it is malformed or of one link only (``fe80::1%eth0``)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return None if isinstance(ip, IPv6Address) and ip.scope_id is not None else ip


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address embeds, where traffic may leave through it."""
    low = IPv4Address(int(ip) & 0xFFFF_FFFF)
    if ip in _NAT64 or (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return low
    return ip.ipv4_mapped or ip.sixtofour


def _stays_here(ip: Ip) -> bool:
    """Return whether what is sent to ``ip`` does not leave this machine; False without a route."""
    family = socket.AF_INET if isinstance(ip, IPv4Address) else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((str(ip), _DISCARD_PORT))
        source = ip_address(asking.getsockname()[0])
        return source == ip or source.is_loopback
    return False
