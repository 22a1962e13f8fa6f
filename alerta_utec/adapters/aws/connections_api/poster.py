"""The ``Poster`` over ``@connections``: in which order clients are posted to, and when again."""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from alerta_utec.adapters.aws.connections_api.http import ApiChannel, ConnectionsHttp, NoResponse
from alerta_utec.adapters.aws.connections_api.sigv4 import Payload, Signer
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult

log = logging.getLogger(__name__)

# Posts at once: a Lambda of 1 GB has CPU for so many, if each takes some 10 ms.
THREADS = 64
# Rounds in a row in which no further client is reached, after which the rest are given up: a
# client that stalls costs the others less than two seconds, and a rate limit passes meanwhile.
FUTILE_ROUNDS_MAX = 3
_BASE_S = 0.2
_CAP_S = 2.0
# 410: the connection is gone; 400: no connection can have that id.
GONE_STATUSES = (400, 410)


class _Outcome(Enum):
    DELIVERED = auto()
    GONE = auto()
    THROTTLED = auto()
    # The fault is this client's own.
    FAILED = auto()
    # The client is not at fault: @connections fails, is out of reach, or refuses us.
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class _PostResult:
    """The outcome of one post."""

    outcome: _Outcome
    # Another attempt may help; at worst the client gets the frame twice.
    retryable: bool = False
    # For the log.
    reason: str | None = None


_UNTRIED = _PostResult(_Outcome.UNAVAILABLE)


@dataclass(frozen=True)
class ConnectionsApiPoster:
    """A ``Poster`` that works in rounds, with a bounded number of threads.

    A round takes the remaining clients in a random order, so that no client is always last. The
    pauses between rounds have full jitter under a ceiling that doubles. Needs
    ``execute-api:ManageConnections`` for POST and GET.
    """

    api: ConnectionsHttp
    threads: int = THREADS
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        ids = list(dict.fromkeys(connection_ids))
        results = self._run_rounds(ids, frame.encode(), deadline_s) if ids else {}
        outcomes = [results[name].outcome for name in ids]
        if _Outcome.UNAVAILABLE in outcomes and not _reached(outcomes):
            raise Unavailable("@connections takes nothing")

        def ids_with(*wanted: _Outcome) -> tuple[str, ...]:
            return tuple(
                name for name, outcome in zip(ids, outcomes, strict=True) if outcome in wanted
            )

        return SendResult(
            delivered=outcomes.count(_Outcome.DELIVERED),
            gone=ids_with(_Outcome.GONE),
            throttled=ids_with(_Outcome.THROTTLED),
            failed=ids_with(_Outcome.FAILED, _Outcome.UNAVAILABLE),
        )

    def _run_rounds(
        self, ids: Sequence[str], data: bytes, deadline_s: float | None
    ) -> dict[str, _PostResult]:
        results: dict[str, _PostResult] = dict.fromkeys(ids, _UNTRIED)
        payload = Payload.of(data)
        left, futile, rounds = list(ids), 0, 0
        with ThreadPoolExecutor(self.threads, thread_name_prefix="post") as pool:
            while True:
                random.shuffle(left)
                work = partial(
                    self._post_until_empty, deque(left), self.api.signer(), payload, deadline_s
                )
                round_results: dict[str, _PostResult] = {}
                for of_one_thread in pool.map(work, range(min(len(left), self.threads))):
                    round_results |= of_one_thread
                results |= round_results
                _log_failures(round_results.values())
                retry = [name for name in left if results[name].retryable]
                futile = 0 if len(retry) < len(left) else futile + 1
                rounds += 1
                if not retry or self._is_futile(futile, results, deadline_s):
                    return results
                if not self._pause(rounds, deadline_s):
                    return results
                left = retry

    def _post_until_empty(
        self,
        left: deque[str],
        signer: Signer,
        payload: Payload,
        deadline_s: float | None,
        _thread: int,
    ) -> dict[str, _PostResult]:
        """Post to the next client until none is left; each thread of a round does this."""
        results: dict[str, _PostResult] = {}
        with self.api.channel(signer) as channel:
            while deadline_s is None or self.monotonic() < deadline_s:
                try:
                    name = left.popleft()
                except IndexError:
                    break
                results[name] = _post(channel, name, payload)
        return results

    def _is_futile(
        self, futile: int, results: Mapping[str, _PostResult], deadline_s: float | None
    ) -> bool:
        """Return whether waiting longer would only delay the next frame."""
        if futile < FUTILE_ROUNDS_MAX:
            return False
        # As long as no client can be reached, giving up would help no other client.
        return deadline_s is None or _reached(result.outcome for result in results.values())

    def _pause(self, rounds: int, deadline_s: float | None) -> bool:
        """Wait before the next round; return False if that would pass the deadline."""
        wait_s = delay_s(rounds - 1, base_s=_BASE_S, cap_s=_CAP_S, jitter=1)
        if deadline_s is not None and self.monotonic() + wait_s >= deadline_s:
            return False
        self.sleep(wait_s)
        return True


def _post(channel: ApiChannel, connection_id: str, payload: Payload) -> _PostResult:
    try:
        response = channel.request("POST", connection_id, payload)
    except NoResponse as error:
        return _PostResult(_Outcome.UNAVAILABLE, error.retryable, str(error))
    if response.status == 200:
        return _PostResult(_Outcome.DELIVERED)
    if response.status in GONE_STATUSES:
        if _is_gone(channel, connection_id):
            return _PostResult(_Outcome.GONE)
        return _PostResult(_Outcome.FAILED, retryable=True)
    if response.status == 429:
        return _PostResult(_Outcome.THROTTLED, retryable=True)
    reason = response.error or str(response.status)
    if response.status >= 500:
        return _PostResult(_Outcome.UNAVAILABLE, retryable=True, reason=reason)
    # 403 refuses us, not the client; another status is about this client's post.
    outcome = _Outcome.UNAVAILABLE if response.status == 403 else _Outcome.FAILED
    return _PostResult(outcome, reason=reason)


def _log_failures(results: Iterable[_PostResult]) -> None:
    """Write one line for a round, with a count for each reason."""
    reasons = Counter(result.reason for result in results if result.reason)
    if reasons:
        log.warning("posts_failed", extra={"reasons": dict(reasons)})


def _is_gone(channel: ApiChannel, connection_id: str) -> bool:
    """Confirm by GET that a connection is gone: API Gateway's 410 is occasionally false."""
    try:
        return channel.request("GET", connection_id).status in GONE_STATUSES
    except NoResponse:
        return False


def _reached(outcomes: Iterable[_Outcome]) -> bool:
    """Return whether @connections worked for at least one client that exists."""
    return any(outcome not in (_Outcome.UNAVAILABLE, _Outcome.GONE) for outcome in outcomes)
