"""HTTP to ``@connections``: signed requests over connections that are kept open.

boto3 takes 1.1 ms of CPU for a post, nearly all of it to rebuild what is the same each time. Here
the standard ``http.client`` sends what ``sigv4`` signs (docs/decisions/0012-connections-client.md).
Which clients are posted to, and when again, is decided in ``poster``.
"""

import contextlib
import selectors
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    UnknownProtocol,
)
from urllib.parse import quote

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.sigv4 import EMPTY, Credentials, Payload, Signer

SERVICE = "execute-api"
# Lambda freezes the process between two events, and a connection that was open then may be dead
# without a sign: a request would wait for its whole timeout. Measured by the wall clock, which
# goes on during the freeze.
KEPT_S = 20.0
# A longer body is not read: closing the connection costs less.
BODY_MAX_BYTES = 64 * 1024
_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A status, and AWS's name of the error where the response has one."""

    status: int
    error: str = ""


class NoResponse(Exception):
    """A request without a response; ``retryable``: another attempt may help, and is quick."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.retryable = retryable


class ConnectionsHttp:
    """``@connections`` at one address, for several threads, each with a channel of its own.

    ``credentials`` is called for each signer, since those of a Lambda expire. At most ``keep``
    connections stay open between uses. Needs ``execute-api:ManageConnections``.
    """

    def __init__(
        self,
        address: ApiAddress,
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
        self._kept: list[tuple[HTTPConnection, float]] = []

    def signer(self) -> Signer:
        """Return a signer for the requests of the next minutes.

        Raises:
            Unavailable: there are no credentials now.
        """
        host = self.address.host
        return Signer(self._credentials(), region=self._region, service=SERVICE, host=host)

    @contextlib.contextmanager
    def channel(self, signer: Signer) -> Iterator["ApiChannel"]:
        """Lend a channel, for one thread that sends one request after the other."""
        channel = ApiChannel(self, signer, self._take())
        try:
            yield channel
        except BaseException:
            channel.close()
            raise
        self._put_back(channel.release())

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection, _ in kept:
            connection.close()

    def _take(self) -> HTTPConnection | None:
        """Return the connection that was used last, if it can be used again."""
        oldest_s = self._wall_clock() - KEPT_S
        while True:
            with self._lock:
                if not self._kept:
                    return None
                connection, since_s = self._kept.pop()
            if since_s > oldest_s and not _is_readable(connection):
                return connection
            connection.close()

    def _put_back(self, connection: HTTPConnection | None) -> None:
        if connection is None:
            return
        with self._lock:
            if len(self._kept) < self.keep:
                self._kept.append((connection, self._wall_clock()))
                return
        connection.close()


class ApiChannel:
    """One request at a time over one connection, which is replaced where it must be."""

    def __init__(
        self, api: ConnectionsHttp, signer: Signer, connection: HTTPConnection | None
    ) -> None:
        self._api, self._signer, self._connection = api, signer, connection

    def request(self, method: str, connection_id: str, payload: Payload = EMPTY) -> ApiResponse:
        """Send a request and wait for its response.

        If a kept connection turns out to be closed, the request is sent once more over a new
        one: it may then arrive twice.

        Raises:
            NoResponse: the API is out of reach, closed the connection, took too long, or sent
                something else than HTTP/1.1.
        """
        try:
            if self._connection is not None:
                with contextlib.suppress(*_CLOSED):
                    return self._exchange(self._connection, method, connection_id, payload)
            return self._exchange(self._open(), method, connection_id, payload)
        except _CLOSED as error:
            raise NoResponse("ConnectionClosed", retryable=True) from error
        except TimeoutError as error:
            raise NoResponse("ReadTimeout", retryable=False) from error
        except (OSError, HTTPException, ValueError) as error:
            raise NoResponse(type(error).__name__, retryable=False) from error

    def release(self) -> HTTPConnection | None:
        """Give the connection away, for the next user."""
        connection, self._connection = self._connection, None
        return connection

    def close(self) -> None:
        """Close the connection."""
        connection = self.release()
        if connection is not None:
            connection.close()

    def _open(self) -> HTTPConnection:
        try:
            self._connection = self._api.address.open(self._api.connect_timeout_s)
        except (OSError, HTTPException) as error:
            raise NoResponse(f"Connect{type(error).__name__}", retryable=True) from error
        self._connection.sock.settimeout(self._api.read_timeout_s)
        return self._connection

    def _exchange(
        self, connection: HTTPConnection, method: str, connection_id: str, payload: Payload
    ) -> ApiResponse:
        sent, signed = self._api.address.paths
        name = quote(connection_id, safe="")
        # The canonical path of SigV4 is encoded twice.
        headers = self._signer.headers(method, signed + name.replace("%", "%25"), payload)
        reusable = False
        try:
            connection.request(method, sent + name, payload.data, headers)
            with connection.getresponse() as response:
                if response.version != 11:
                    raise UnknownProtocol(str(response.version))
                reusable = _read_body(response)
        finally:
            if not reusable:
                self.close()
        return ApiResponse(response.status, _error_type(response))


def _read_body(response: HTTPResponse) -> bool:
    """Read the body away; return whether another response can follow on the connection."""
    length = response.length
    if response.will_close or length is None or length > BODY_MAX_BYTES:
        return False
    try:
        response.read()
    except (OSError, HTTPException):
        return False  # the status has arrived, and counts
    return True


def _error_type(response: HTTPResponse) -> str:
    # "ExpiredTokenException:http://…" in some responses: the name comes before the colon.
    return (response.getheader("X-Amzn-ErrorType") or "").partition(":")[0][:80]


def _is_readable(connection: HTTPConnection) -> bool:
    """Return whether the other side has closed the connection, or sent an unexpected response."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))
