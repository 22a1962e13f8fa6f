"""Blocking HTTP requests with retries, within the time that one call of the client may take."""

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3

from alerta_utec import __version__
from alerta_utec.client.actions import Timing
from alerta_utec.client.backoff import Backoff
from alerta_utec.client.errors import ClientError, NoAnswer, Unreachable
from alerta_utec.client.responses import parse_body
from alerta_utec.client.sign_in import Token, bearer
from alerta_utec.http_responses import FinalResponse, retry_after_s

TIMING = Timing(first_delay_s=0.25, max_delay_s=5.0)
# Connections kept open for further requests; additional ones are closed after their request.
KEPT_OPEN = 10
_API_GATEWAY = ".execute-api."


class RetryBudget:
    """The time that one call may take, over all its requests and retries.

    With ``patience_s=0`` each request is attempted once. ``attempt_s``: the timeout of an attempt,
    if it differs from the client's.
    """

    def __init__(
        self, patience_s: float, timing: Timing = TIMING, *, attempt_s: float | None = None
    ) -> None:
        self._once = patience_s <= 0
        self._attempt_s = attempt_s
        self._until = time.monotonic() + patience_s
        self._backoff = Backoff(timing, random.uniform)

    @property
    def left_s(self) -> float:
        """The remaining time."""
        return self._until - time.monotonic()

    def timeout_s(self, default_s: float) -> float:
        """Return the timeout of the next attempt; ``default_s`` is the client's."""
        attempt_s = self._attempt_s or default_s
        return attempt_s if self._once else max(0.001, min(attempt_s, self.left_s))

    def wait(self, failure: ClientError, at_least_s: float = 0.0) -> None:
        """Sleep before the next attempt.

        Raises:
            ClientError: ``failure``, if no time remains for another attempt.
        """
        wait_s = max(at_least_s, self._backoff.next_delay_s())
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


class RetryingHttp:
    """Requests with retries to one service; safe to use from several threads."""

    def __init__(self, url: str, token: Token, timeout_s: float) -> None:
        self._base = http_base(url)
        self._token = token
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(maxsize=KEPT_OPEN)
        # Set on the instance: the library's own mapping stays as it is for other users.
        self._pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def close(self) -> None:
        """Close the open connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        budget: RetryBudget,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Repeat an idempotent request until it is answered or its time is over.

        Raises:
            Refused: the service refused the request.
            ClientError: the last attempt's failure.
        """
        sent = {"User-Agent": f"alerta-utec-realtime/{__version__}", **(headers or {})}
        sent |= {"Content-Type": "application/json"} if content is not None else {}
        while True:
            asked_for_s = 0.0
            try:
                timeout_s = budget.timeout_s(self._timeout_s)
                answer = self._once(
                    method, path, content, {**sent, **bearer(self._token)}, timeout_s
                )
                asked_for_s = (
                    retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC)) or 0.0
                )
                return parse_body(
                    answer.status, answer.headers.get("Content-Type", ""), answer.data
                )
            except ClientError as error:
                if not error.retryable:
                    raise
                budget.wait(error, asked_for_s)

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
    """Return the address of the HTTP API for ``url``, which may be one machine's WebSocket address.

    Raises:
        ValueError: the address is malformed, or is API Gateway's WebSocket address, whose HTTP
            API has another host.
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
    # An untrusted certificate will still be untrusted at the next attempt.
    failure.retryable = not isinstance(error, urllib3.exceptions.SSLError)
    return failure
