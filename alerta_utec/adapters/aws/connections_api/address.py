"""The address of ``@connections``, and how a connection to it is opened."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, quote, unquote, urlsplit

from alerta_utec.http_responses import FinalResponse

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ApiAddress:
    """The base URL of ``@connections``: ``https://host/stage``, or a custom domain without stage.

    ``tls`` is needed for https. ``proxies``: proxy URLs by scheme, as the environment gives them.
    """

    url: str
    tls: ssl.SSLContext | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def host(self) -> str:
        """The value of the ``Host`` header: with a port only if it is not the scheme's default."""
        parts = urlsplit(self.url)
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        if parts.port in (None, _DEFAULT_PORTS[parts.scheme]):
            return name
        return f"{name}:{parts.port}"

    @cached_property
    def paths(self) -> tuple[str, str]:
        """The path before a connection's id: as it is sent, and as it is signed."""
        sent = f"{urlsplit(self.url).path.rstrip('/')}/@connections/"
        return sent, quote(sent, safe="/~")

    def open(self, timeout_s: float) -> HTTPConnection:
        """Open a connection, through a proxy and TLS where they are configured.

        Raises:
            OSError, HTTPException.
        """
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
        proxy = urlsplit(self.proxies.get(parts.scheme, ""))
        at = (proxy.hostname, proxy.port) if proxy.hostname else (host, port)
        connection: HTTPConnection
        if parts.scheme == "https":
            connection = HTTPSConnection(*at, timeout=timeout_s, context=self.tls)
        else:
            connection = HTTPConnection(*at, timeout=timeout_s)
        # A closed connection is opened again here, never by http.client itself.
        connection.auto_open = 0
        connection.response_class = FinalResponse
        if proxy.hostname:
            connection.set_tunnel(host, port, _proxy_headers(proxy))
        connection.connect()
        return connection


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
