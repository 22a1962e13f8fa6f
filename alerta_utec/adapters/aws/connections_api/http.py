"""HTTP to ``@connections``: signed requests, over connections that are kept.

boto3 takes 1.1 ms of CPU for a post, nearly all of it for what is the same each time; this takes
0.06 ms (docs/decisions/0012-connections-client.md). Who is posted to, and who again, is the
business of ``management_api``.
"""

import base64
import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, quote, unquote, urlsplit

from alerta_utec.adapters.aws.connections_api.responses import Answer, ClosedEarly, read_answer
from alerta_utec.adapters.aws.connections_api.sigv4 import EMPTY, Credentials, Payload, Signer

SERVICE = "execute-api"
# A Lambda is frozen between two events, and what was open then may be dead without a word: a
# request would wait for its whole timeout. By the wall's clock, which goes on meanwhile.
KEPT_S = 20.0
_OWN_PORTS = {"http": 80, "https": 443}
_CLOSED = (ClosedEarly, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class NoAnswer(Exception):
    """Nobody answered; ``again``: another try may help, and holds up nobody for long."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Address:
    """Where ``@connections`` is: ``https://host/stage``, or a domain of one's own without stage.

    ``tls`` is needed for https. ``proxies``: by scheme, as the environment has them.
    """

    url: str
    tls: ssl.SSLContext | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def host(self) -> str:
        """As in the ``Host`` header: with a port only where it is not the scheme's own."""
        parts = urlsplit(self.url)
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        return name if parts.port in (None, _OWN_PORTS[parts.scheme]) else f"{name}:{parts.port}"

    @cached_property
    def paths(self) -> tuple[str, str]:
        """What stands before a connection's id: as it is sent, and as it is signed."""
        sent = f"{urlsplit(self.url).path.rstrip('/')}/@connections/"
        return sent, quote(sent, safe="/~")

    def open(self, timeout_s: float) -> socket.socket:
        """A new connection, through a proxy and TLS where they are called for.

        Raises:
            OSError, HTTPException.
        """
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _OWN_PORTS[parts.scheme]
        proxy = urlsplit(self.proxies.get(parts.scheme, ""))
        at = (proxy.hostname, proxy.port) if proxy.hostname else (host, port)
        connection: HTTPConnection
        if parts.scheme == "https":
            connection = HTTPSConnection(*at, timeout=timeout_s, context=self.tls)
        else:
            connection = HTTPConnection(*at, timeout=timeout_s)
        if proxy.hostname:
            connection.set_tunnel(host, port, _proxy_headers(proxy))
        connection.connect()
        opened: socket.socket = connection.sock
        return opened


class ManagementHttp:
    """``@connections`` at one address, for several threads, each over a channel of its own.

    ``credentials`` is asked for each channel, since those of a Lambda end. At most ``keep``
    connections stay open between uses. Needs ``execute-api:ManageConnections``.
    """

    def __init__(
        self,
        address: Address,
        credentials: Callable[[], Credentials],
        *,
        region: str,
        keep: int,
        connect_timeout_s: float,
        read_timeout_s: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self.keep = keep
        self.connect_timeout_s = connect_timeout_s
        self.read_timeout_s = read_timeout_s
        self._credentials, self._region = credentials, region
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._kept: list[tuple[socket.socket, float]] = []

    def signer(self) -> Signer:
        """Signs what is sent in the next minutes.

        Raises:
            Unavailable: there are no credentials now.
        """
        host = self.address.host
        return Signer(self._credentials(), region=self._region, service=SERVICE, host=host)

    @contextlib.contextmanager
    def channel(self, signer: Signer) -> Iterator["Channel"]:
        """What one thread sends its requests over, one after the other."""
        channel = Channel(self, signer, self._take())
        try:
            yield channel
        except BaseException:
            channel.close()
            raise
        self._put_back(channel.release())

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            kept, self._kept = self._kept, []
        for one, _ in kept:
            one.close()

    def _take(self) -> socket.socket | None:
        """The connection that was used last, where it can be used again."""
        oldest_s = self._wall_clock() - KEPT_S
        while True:
            with self._lock:
                if not self._kept:
                    return None
                kept, since_s = self._kept.pop()
            if since_s > oldest_s and not _is_readable(kept):
                return kept
            kept.close()

    def _put_back(self, kept: socket.socket | None) -> None:
        if kept is None:
            return
        with self._lock:
            if len(self._kept) < self.keep:
                self._kept.append((kept, self._wall_clock()))
                return
        kept.close()


class Channel:
    """One request at a time; opens its connection, and another, where it must."""

    def __init__(self, api: ManagementHttp, signer: Signer, kept: socket.socket | None) -> None:
        self._api, self._signer, self._socket = api, signer, kept

    def request(self, method: str, connection_id: str, payload: Payload = EMPTY) -> Answer:
        """Send it, and wait for the answer.

        Over a kept connection that turns out to be closed it is sent once more, over a new one:
        it may then arrive twice.

        Raises:
            NoAnswer: out of reach, closed, timed out, or what came makes no sense.
        """
        request = self._request(method, connection_id, payload)
        try:
            if self._socket is not None:
                with contextlib.suppress(*_CLOSED):
                    return self._exchange(self._socket, request)
            return self._exchange(self._open(), request)
        except _CLOSED as error:
            raise NoAnswer("ConnectionClosed", again=True) from error
        except TimeoutError as error:
            raise NoAnswer("ReadTimeout", again=False) from error
        except (OSError, ValueError) as error:
            raise NoAnswer(type(error).__name__, again=False) from error

    def release(self) -> socket.socket | None:
        """The connection, for whoever needs one next."""
        kept, self._socket = self._socket, None
        return kept

    def close(self) -> None:
        """Close the connection."""
        kept = self.release()
        if kept is not None:
            kept.close()

    def _request(self, method: str, connection_id: str, payload: Payload) -> bytes:
        sent, signed = self._api.address.paths
        name = quote(connection_id, safe="")
        headers = self._signer.headers(method, signed + name.replace("%", "%25"), payload)
        head = (
            f"{method} {sent}{name} HTTP/1.1\r\nHost: {self._api.address.host}\r\n"
            f"{headers}Content-Length: {len(payload.data)}\r\n\r\n"
        )
        return head.encode() + payload.data

    def _open(self) -> socket.socket:
        try:
            self._socket = self._api.address.open(self._api.connect_timeout_s)
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"Connect{type(error).__name__}", again=True) from error
        return self._socket

    def _exchange(self, connection: socket.socket, request: bytes) -> Answer:
        keep = False
        try:
            connection.settimeout(self._api.read_timeout_s)
            connection.sendall(request)
            answer, keep = read_answer(connection, self._api.read_timeout_s)
        finally:
            if not keep:
                self.close()
        return answer


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _is_readable(connection: socket.socket) -> bool:
    """Whether the other side has closed it, or said what nobody asked for."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(0))
