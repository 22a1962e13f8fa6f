"""The HTTP client for webhooks: one POST per connection, to a checked address, by a deadline.

It uses ``http.client`` over a socket of its own, for two reasons: the address that was checked is
the one that is connected to, and one deadline covers every step that a receiver can delay.
"""

import contextlib
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlsplit

from alerta_utec.adapters.tls import client_context
from alerta_utec.http_responses import FinalResponse, retry_after_s
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.addresses import Address, Resolve, may_be_reached, resolve
from alerta_utec.webhooks.job import PostFailure, PostResult

TIMEOUT_S = 15.0
# The limit for one address while there are others to try.
CONNECT_S = 5.0
RESPONSE_MAX_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


Connect = Callable[[list[Address], float], socket.socket]


def connect(addresses: list[Address], deadline: float) -> socket.socket:
    """Connect to the first of the addresses that accepts a connection.

    Raises:
        OSError: none does before the deadline, by ``time.monotonic``.
    """
    for number, (family, sockaddr) in enumerate(addresses, start=1):
        is_last = number == len(addresses)
        connecting = socket.socket(family, socket.SOCK_STREAM)
        try:
            left_s = _left_s(deadline)
            connecting.settimeout(left_s if is_last else min(left_s, CONNECT_S))
            connecting.connect(sockaddr)
        except OSError:
            connecting.close()
            if is_last:
                raise
        except BaseException:
            connecting.close()
            raise
        else:
            return connecting
    raise _Refused("unknown_host")


@dataclass(frozen=True)
class HttpWebhookSender:
    """A ``WebhookSender`` that opens a connection for each POST, so that no state is shared.

    ``allow_private``: permits connections to private networks; ``allow_own``: to this machine.
    ``tls``: the system's certificate
    authorities by default. ``connect``: opens the connection to one of several checked addresses.
    """

    clock: Clock
    allow_private: bool = False
    allow_own: bool = False
    timeout_s: float = TIMEOUT_S
    tls: ssl.SSLContext = field(default_factory=client_context, repr=False)
    resolve: Resolve = resolve
    connect: Connect = connect

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        started = time.monotonic()
        status, failure, retry_after = None, None, None
        try:
            status, retry_after = self._post(urlsplit(url), body, headers)
        except _Refused as refused:
            failure = refused.reason
        except (OSError, HTTPException, ValueError) as error:
            failure = _failure(error)
        duration_ms = round((time.monotonic() - started) * 1000)
        return PostResult(
            status, failure, retry_after_s(retry_after, self.clock.now()), duration_ms
        )

    def _post(
        self, url: SplitResult, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str | None]:
        """Send the request; return the response's status and its ``Retry-After``."""
        addresses = self._addresses(url)
        # The deadline starts here, since resolving a name cannot be interrupted.
        deadline = time.monotonic() + self.timeout_s
        with self._connected(url, addresses, deadline) as stream:
            connection = HTTPConnection(url.hostname or "")
            connection.auto_open = 0
            connection.response_class = FinalResponse
            connection.sock = stream  # has the part of a socket's interface that it uses
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            sent = {"host": url.netloc, **headers, "connection": "close"}
            connection.request("POST", target, body, sent)
            with contextlib.closing(connection.getresponse()) as response:
                _read_some(response)
                return response.status, response.getheader("Retry-After")

    def _addresses(self, url: SplitResult) -> list[Address]:
        try:
            found = self.resolve(url.hostname or "", url.port or _DEFAULT_PORTS[url.scheme])
        except (socket.gaierror, UnicodeError) as error:
            raise _Refused("unknown_host") from error
        allowed = [
            one
            for one in found
            if may_be_reached(one[1][0], private=self.allow_private, own=self.allow_own)
        ]
        if not allowed:
            raise _Refused("private_address")
        return allowed

    @contextlib.contextmanager
    def _connected(
        self, url: SplitResult, addresses: list[Address], deadline: float
    ) -> Iterator["_DeadlineSocket"]:
        with contextlib.ExitStack() as open_sockets:
            plain = open_sockets.enter_context(self.connect(addresses, deadline))
            if url.scheme != "https":
                yield _DeadlineSocket(plain, deadline)
                return
            plain.settimeout(_left_s(deadline))
            encrypted = self.tls.wrap_socket(plain, server_hostname=url.hostname)
            yield _DeadlineSocket(open_sockets.enter_context(encrypted), deadline)


class _Refused(Exception):
    """The request was not sent, for this reason."""

    def __init__(self, reason: PostFailure) -> None:
        super().__init__(reason)
        self.reason: PostFailure = reason


@dataclass(frozen=True, slots=True)
class _DeadlineSocket:
    """A connected socket whose operations all end by one deadline; its creator closes it."""

    connected: socket.socket
    deadline: float

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            self.connected.settimeout(_left_s(self.deadline))
            self.connected.sendall(data[start : start + _CHUNK_BYTES])

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self))

    def close(self) -> None:
        pass


class _DeadlineReader(io.RawIOBase):
    """The receiving side of a ``_DeadlineSocket``, as a raw stream."""

    def __init__(self, stream: _DeadlineSocket) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._stream.connected.settimeout(_left_s(self._stream.deadline))
        return self._stream.connected.recv_into(buffer)


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the deadline has passed")
    return left_s


def _read_some(response: HTTPResponse) -> None:
    """Let the receiver finish a response of reasonable size; only its status matters."""
    with contextlib.suppress(OSError, HTTPException, ValueError):
        response.read(RESPONSE_MAX_BYTES)


def _failure(error: Exception) -> PostFailure:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, OSError):
        return "unreachable"
    return "not_http"
