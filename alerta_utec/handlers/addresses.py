"""The address of the WebSocket API, as clients of the HTTP API are told it."""

from dataclasses import dataclass
from typing import Protocol

from alerta_utec.handlers.request import Request


class WebSocketAddress(Protocol):
    """The address of the WebSocket API."""

    def url(self, request: Request) -> str:
        """Return the address for the client that sends this request."""
        ...


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """A ``WebSocketAddress`` that is the same for every client."""

    web_socket_url: str

    def url(self, request: Request) -> str:
        """Return the address."""
        return self.web_socket_url


@dataclass(frozen=True, slots=True)
class RequestedAddress:
    """A ``WebSocketAddress`` at the host that the client asked, also through a proxy.

    ``secure``: the service itself is served with TLS.
    """

    stage: str
    secure: bool

    def url(self, request: Request) -> str:
        """Return the address at the request's host."""
        secure = self.secure or request.header("x-forwarded-proto") == "https"
        scheme = "wss" if secure else "ws"
        return f"{scheme}://{request.header('host') or 'localhost'}/{self.stage}"
