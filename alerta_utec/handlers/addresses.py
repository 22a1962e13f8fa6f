"""The addresses of the service, as its clients are told them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from alerta_utec.handlers.request import Request

# A host with characters that no URL can have is not repeated.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


class ServiceAddress(Protocol):
    """The addresses of the service for the client that sends a request."""

    @property
    def web_socket_path(self) -> str | None:
        """The path of the WebSocket API relative to the panel; ``None`` if its host is another."""
        ...

    def web_socket_url(self, request: Request) -> str:
        """Return the address of the WebSocket API."""
        ...

    def panel_url(self, request: Request) -> str | None:
        """Return the panel's address, without a slash at its end; ``None`` if it is unknown."""
        ...

    def panel_sockets(self, request: Request) -> Iterable[str]:
        """Return the addresses at which the panel may open sockets."""
        ...


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """A ``ServiceAddress`` whose WebSocket API is at one address for every client."""

    fixed_url: str

    @property
    def web_socket_path(self) -> str | None:
        """Return ``None``: the WebSocket API has a host of its own."""
        return None

    def web_socket_url(self, request: Request) -> str:
        """Return the address."""
        return self.fixed_url

    def panel_url(self, request: Request) -> str | None:
        """Return the root of the requested host, which is always served with TLS."""
        host = _host(request)
        return host and f"https://{host}"

    def panel_sockets(self, request: Request) -> Iterable[str]:
        """Return the address."""
        return (self.fixed_url,)


@dataclass(frozen=True, slots=True)
class RequestedAddress:
    """A ``ServiceAddress`` where the client reached the service, or at its public URL.

    The gateway has set ``Host``, ``X-Forwarded-Proto`` and ``X-Forwarded-Prefix`` of a request to
    what its client used, as far as a trusted proxy says so.
    """

    stage: str
    public_url: str | None = None

    @property
    def web_socket_path(self) -> str | None:
        """Return the stage: the panel knows better than any header where it is."""
        return self.stage

    def web_socket_url(self, request: Request) -> str:
        """Return the public URL, or else the requested one, with the stage."""
        base = self.panel_url(request) or "http://localhost"
        return f"ws{base.removeprefix('http')}/{self.stage}"

    def panel_url(self, request: Request) -> str | None:
        """Return the public URL, or else the requested one."""
        if self.public_url is not None:
            return self.public_url
        host = _host(request)
        if host is None:
            return None
        scheme = "https" if request.header("x-forwarded-proto") == "https" else "http"
        return f"{scheme}://{host}{request.header('x-forwarded-prefix') or ''}"

    def panel_sockets(self, request: Request) -> Iterable[str]:
        """Return the told address, and the requested host by either scheme.

        A proxy may not say that it terminates TLS; ``'self'`` covers no sockets in older browsers.
        """
        host = _host(request)
        asked = (f"ws://{host}", f"wss://{host}") if host else ()
        return (self.web_socket_url(request), *asked)


def _host(request: Request) -> str | None:
    host = request.header("host") or ""
    return host if _HOST.fullmatch(host) else None
