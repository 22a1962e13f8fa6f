"""The check of the name by which a client calls a service that asks for no token.

A page of another site whose name is made to point at this machine ("DNS rebinding") is of the
service's own origin for the browser; only the name in ``Host`` gives it away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names of the service in lower case, besides those of this machine alone.

    ``localhost`` always names the client's own machine, and an IP address is no name, so that no
    other can be made to point at it.
    """

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, named: Iterable[str]) -> Self:
        """Return the hosts of these URLs and names."""
        found = (_name(text.partition("://")[2] or text) for text in named)
        return cls(frozenset(name for name in found if name))

    def allow(self, host: str | None) -> bool:
        """Tell whether ``Host`` names the service; programs may leave it out, browsers do not."""
        if not host:
            return True
        name = _name(host)
        if name is None:
            return False
        return name in self.names or _is_loopback_name(name) or _is_address(name)


def _name(host: str) -> str | None:
    """Return the host without its port and final dot, in lower case."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname.rstrip(".") if parts.hostname and "@" not in host else None


def _is_loopback_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")  # RFC 6761, section 6.3


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
