"""The address policy of webhooks: requests go to public addresses only (SSRF protection)."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

# RFC 4291, section 2.4, and IANA's registry: no other IPv6 unicast is global.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 6052, section 2.1: the last 32 bits are an IPv4 address.
_NAT64 = IPv6Network("64:ff9b::/96")

Sockaddr = tuple[Any, ...]
Address = tuple[socket.AddressFamily | int, Sockaddr]
Resolve = Callable[[str, int], list[Address]]


def is_public(address: str) -> bool:
    """Return whether an IP address is global unicast.

    An IPv6 address that embeds an IPv4 address is as public as that one.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        embedded = _embedded(ip)
        if embedded is not None:
            return is_public(str(embedded))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host name, as ``(family, sockaddr)``, in the system's order.

    Raises:
        socket.gaierror: the name has no address.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address embeds: mapped, by NAT64, or by 6to4."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour
