"""One HTTP request of a program without asyncio, tried again for as long as that may help."""

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3

from alerta_utec import __version__
from alerta_utec.client.actions import Timing
from alerta_utec.client.answers import body_of
from alerta_utec.client.backoff import Backoff
from alerta_utec.client.errors import ClientError, NoAnswer, Unreachable
from alerta_utec.client.sign_in import Token, bearer
from alerta_utec.http_responses import FinalResponse, retry_after_s

TIMING = Timing(first_delay_s=0.25, max_delay_s=5.0)
# Connections that are kept open for further requests; more threads open more, and close them.
KEPT_OPEN = 10
_API_GATEWAY = ".execute-api."


class Tries:
    """The time that one call may take, over all the requests that it is made of.

    Without patience (0) there is one try of each. ``try_s``: how long a try may take, where it
    is not as long as any other's.
    """

    def __init__(
        self, patience_s: float, timing: Timing = TIMING, *, try_s: float | None = None
    ) -> None:
        self._once = patience_s <= 0
        self._try_s = try_s
        self._until = time.monotonic() + patience_s
        self._backoff = Backoff(timing, random.uniform)

    @property
    def left_s(self) -> float:
        """What is left of the time."""
        return self._until - time.monotonic()

    def timeout_s(self, any_s: float) -> float:
        """How long the next try may take, where any may take ``any_s``."""
        try_s = self._try_s or any_s
        return try_s if self._once else max(0.001, min(try_s, self.left_s))

    def wait(self, failure: ClientError, at_least_s: float = 0.0) -> None:
        """Sleep before the next try.

        Raises:
            ClientError: ``failure``, where there is no time for another.
        """
        wait_s = max(at_least_s, self._backoff.failed())
        if wait_s >= self.left_s:
            raise failure
        time.sleep(wait_s)


class _Http(urllib3.connection.HTTPConnection):
    response_class = FinalResponse


class _Https(urllib3.connection.HTTPSConnection):
    response_class = FinalResponse


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


class Retrying:
    """Requests to one service; safe to use from several threads at once."""

    def __init__(self, url: str, token: Token, timeout_s: float) -> None:
        self._base = http_base(url)
        self._token = token
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(maxsize=KEPT_OPEN)
        # A copy of the library's own classes, by scheme, with our connections in them.
        self._pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        tries: Tries,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make a request that may be repeated, until it is answered or the time is over.

        Raises:
            Refused: the service will not have it.
            ClientError: the last try's failure.
        """
        sent = {"User-Agent": f"alerta-utec-realtime/{__version__}", **(headers or {})}
        sent |= {"Content-Type": "application/json"} if content is not None else {}
        while True:
            asked_for_s = 0.0
            try:
                timeout_s = tries.timeout_s(self._timeout_s)
                answer = self._once(
                    method, path, content, {**sent, **bearer(self._token)}, timeout_s
                )
                asked_for_s = (
                    retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC)) or 0.0
                )
                return body_of(answer.status, answer.headers.get("Content-Type", ""), answer.data)
            except ClientError as error:
                if not error.retryable:
                    raise
                tries.wait(error, asked_for_s)

    def _once(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                f"{self._base}/{path}",
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(total=timeout_s),
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _failure(error, timeout_s) from error


def http_base(url: str) -> str:
    """The address of the HTTP API: ``url``, or on one machine the one beside its WebSocket's.

    Raises:
        ValueError: it is no such address, or API Gateway's for WebSockets, which has no
            HTTP API beside it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise ValueError(f"not an address that starts with http:// or https://: {url}")
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if _API_GATEWAY in parts.hostname:
        raise ValueError(f"on AWS the HTTP API has an address of its own: {url}")
    scheme = parts.scheme.replace("ws", "http")
    before_the_stage = parts.path.rstrip("/").rpartition("/")[0]
    return f"{scheme}://{parts.netloc}{before_the_stage}"


def _failure(error: urllib3.exceptions.HTTPError, timeout_s: float) -> ClientError:
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return NoAnswer(f"{timeout_s:g} s")
    if isinstance(error.__cause__, TimeoutError):
        return Unreachable(f"{timeout_s:g} s")
    failure = Unreachable.because(
        error.__cause__ if isinstance(error.__cause__, OSError) else error
    )
    # A certificate that is not believed will not be in a second either.
    failure.retryable = not isinstance(error, urllib3.exceptions.SSLError)
    return failure
