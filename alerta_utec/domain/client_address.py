"""The IP addresses of clients, as limits count them; remembered, since each message asks."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


@lru_cache(4096)
def counted_as(client: str) -> str:
    """Return the address that a limit counts a client by: of IPv6 the network of 64 bits.

    A text that is no address stands for itself.
    """
    address = _parse(client)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return client if address is None else str(address)


@lru_cache(4096)
def is_loopback(client: str) -> bool:
    """Return whether the client is on this machine; not if its text is no address."""
    address = _parse(client)
    return address is not None and address.is_loopback


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address; IPv4 inside IPv6 as IPv4."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
