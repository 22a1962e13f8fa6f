"""Posting to URLs that people register, and to no address that a stranger must not reach.

By ``http.client`` over a socket of our own: the address that was checked is the one that is
connected to, and one deadline holds for everything that a receiver may be slow at.
"""

import contextlib
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from alerta_utec.ports import Clock
from alerta_utec.webhooks.ports import Answer, NoAnswer

TIMEOUT_S = 15.0
# For one address, where there are others to try.
CONNECT_S = 5.0
ANSWER_MAX_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * 1024
_OWN_PORTS = {"http": 80, "https": 443}
# RFC 4291, section 2.4, and IANA's registry: no other IPv6 unicast is global.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 6052, section 2.1: the last 32 bits are an IPv4 address.
_NAT64 = IPv6Network("64:ff9b::/96")

Sockaddr = tuple[Any, ...]
Resolve = Callable[[str, int], list[tuple[int, Sockaddr]]]


def is_public(address: str) -> bool:
    """Whether an IP address is global unicast, also where IPv6 only carries an IPv4 one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        carried = _carried(ip)
        if carried is not None:
            return is_public(str(carried))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int) -> list[tuple[int, Sockaddr]]:
    """The addresses of a name, as ``(family, sockaddr)``, in the system's order.

    Raises:
        socket.gaierror: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


@dataclass(frozen=True)
class HttpWebhookSender:
    """A ``WebhookSender``; a connection for each post, so that nothing is left of one.

    ``allow_private``: any address may be connected to. ``tls``: the system's authorities unless
    given.
    """

    clock: Clock
    allow_private: bool = False
    timeout_s: float = TIMEOUT_S
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    resolve: Resolve = resolve

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        started = time.monotonic()
        status, none, retry_after = None, None, None
        try:
            status, retry_after = self._post(urlsplit(url), body, headers)
        except _Refused as refused:
            none = refused.reason
        except (OSError, HTTPException, ValueError) as error:
            none = _reason(error)
        ms = round((time.monotonic() - started) * 1000)
        return Answer(status, none, _seconds(retry_after, self.clock.now()), ms)

    def _post(
        self, url: SplitResult, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str | None]:
        """The answer's status and its ``Retry-After``."""
        addresses = self._addresses(url)
        # From here on: to resolve a name cannot be cut short.
        deadline = time.monotonic() + self.timeout_s
        with self._connected(url, addresses, deadline) as channel:
            connection = HTTPConnection(url.hostname or "")
            connection.auto_open = 0
            connection.sock = channel  # as much of a socket as it uses
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            sent = {"host": url.netloc, **headers, "connection": "close"}
            connection.request("POST", target, body, sent)
            with contextlib.closing(connection.getresponse()) as response:
                _read_some(response)
                return response.status, response.getheader("Retry-After")

    def _addresses(self, url: SplitResult) -> list[tuple[int, Sockaddr]]:
        try:
            found = self.resolve(url.hostname or "", url.port or _OWN_PORTS[url.scheme])
        except (socket.gaierror, UnicodeError) as error:
            raise _Refused("unknown_host") from error
        allowed = [one for one in found if self.allow_private or is_public(one[1][0])]
        if not allowed:
            raise _Refused("private_address")
        return allowed

    @contextlib.contextmanager
    def _connected(
        self, url: SplitResult, addresses: list[tuple[int, Sockaddr]], deadline: float
    ) -> Iterator["_Channel"]:
        with contextlib.ExitStack() as open_sockets:
            plain = open_sockets.enter_context(_connect(addresses, deadline))
            if url.scheme != "https":
                yield _Channel(plain, deadline)
                return
            plain.settimeout(_left(deadline))
            encrypted = self.tls.wrap_socket(plain, server_hostname=url.hostname)
            yield _Channel(open_sockets.enter_context(encrypted), deadline)


class _Refused(Exception):
    """Nothing was sent."""

    def __init__(self, reason: NoAnswer) -> None:
        super().__init__(reason)
        self.reason: NoAnswer = reason


@dataclass(frozen=True, slots=True)
class _Channel:
    """A socket on which everything together must end by a deadline; whoever made it closes it."""

    connected: socket.socket
    deadline: float

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            self.connected.settimeout(_left(self.deadline))
            self.connected.sendall(data[start : start + _CHUNK_BYTES])

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        pass


class _Incoming(io.RawIOBase):
    """What comes through a channel."""

    def __init__(self, channel: _Channel) -> None:
        super().__init__()
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._channel.connected.settimeout(_left(self._channel.deadline))
        return self._channel.connected.recv_into(buffer)


def _carried(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, by NAT64, or by 6to4."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _connect(addresses: list[tuple[int, Sockaddr]], deadline: float) -> socket.socket:
    """A connection to the first of the addresses that takes one."""
    for number, (family, sockaddr) in enumerate(addresses, start=1):
        is_last = number == len(addresses)
        connecting = socket.socket(family, socket.SOCK_STREAM)
        try:
            left = _left(deadline)
            connecting.settimeout(left if is_last else min(left, CONNECT_S))
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


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is over")
    return left


def _read_some(response: HTTPResponse) -> None:
    """Let the receiver finish its answer, within reason: the status is what counts."""
    with contextlib.suppress(OSError, HTTPException, ValueError):
        response.read(ANSWER_MAX_BYTES)


def _reason(error: Exception) -> NoAnswer:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, OSError):
        return "unreachable"
    return "not_http"


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """A number of seconds, or an HTTP date (RFC 9110, section 10.2.3); none where it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:10])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
