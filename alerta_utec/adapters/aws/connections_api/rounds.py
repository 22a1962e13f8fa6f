"""Rounds of posts, one frame to each client: in which order, and to whom again."""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from alerta_utec.adapters.aws.connections_api.http import ApiChannel, ConnectionsHttp, NoResponse
from alerta_utec.adapters.aws.connections_api.pace import Pace
from alerta_utec.adapters.aws.connections_api.sigv4 import Payload, Signer
from alerta_utec.domain.backoff import delay_s

log = logging.getLogger(__name__)

# Rounds in a row in which no further client is reached, after which the rest are given up: a
# client that stalls costs the others less than two seconds, and a rate limit passes meanwhile.
FUTILE_ROUNDS_MAX = 3
_BASE_S = 0.2
_CAP_S = 2.0
# 410: the connection is gone; 400: no connection can have that id.
GONE_STATUSES = (400, 410)


class Outcome(Enum):
    """What became of a client's frame."""

    DELIVERED = auto()
    GONE = auto()
    THROTTLED = auto()
    # The fault is this client's own.
    FAILED = auto()
    # The client is not at fault: @connections fails, is out of reach, or refuses us.
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class PostResult:
    """The outcome of one post."""

    outcome: Outcome
    # Another attempt may help; at worst the client gets the frame twice.
    retryable: bool = False
    # For the log.
    reason: str | None = None


_UNTRIED = PostResult(Outcome.UNAVAILABLE)


@dataclass(frozen=True)
class PostRounds:
    """Posts in rounds, with a bounded number of threads, none faster than ``pace``.

    A round takes the remaining clients in a random order, so that no client is always last. The
    pauses between rounds have full jitter under a ceiling that doubles.
    """

    api: ConnectionsHttp
    threads: int
    pace: Pace
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def run(
        self, payloads: Mapping[str, Payload], pool: Executor, deadline_s: float | None
    ) -> Mapping[str, PostResult]:
        """Post to each connection its payload; return the last result of each.

        No post begins after ``deadline_s``; the clients that remain then are ``UNAVAILABLE``.

        Raises:
            Unavailable: there are no credentials.
        """
        results: dict[str, PostResult] = dict.fromkeys(payloads, _UNTRIED)
        left, futile, rounds = list(payloads), 0, 0
        while left:
            random.shuffle(left)
            work = partial(
                self._post_until_empty, deque(left), payloads, self.api.signer(), deadline_s
            )
            round_results: dict[str, PostResult] = {}
            for of_one_thread in pool.map(work, range(min(len(left), self.threads))):
                round_results |= of_one_thread
            results |= round_results
            _log_failures(round_results.values())
            retry = [name for name in left if results[name].retryable]
            futile = 0 if len(retry) < len(left) else futile + 1
            rounds += 1
            if not retry or self._is_futile(futile, results, deadline_s):
                break
            if not self._pause(rounds, deadline_s):
                break
            left = retry
        return results

    def _post_until_empty(
        self,
        left: deque[str],
        payloads: Mapping[str, Payload],
        signer: Signer,
        deadline_s: float | None,
        _thread: int,
    ) -> dict[str, PostResult]:
        """Post to the next client until none is left; each thread of a round does this."""
        results: dict[str, PostResult] = {}
        with self.api.channel(signer) as channel:
            while True:
                try:
                    name = left.popleft()
                except IndexError:
                    break
                self.pace.wait()
                if deadline_s is not None and self.monotonic() >= deadline_s:
                    break
                results[name] = self._post(channel, name, payloads[name])
        return results

    def _post(self, channel: ApiChannel, connection_id: str, payload: Payload) -> PostResult:
        try:
            response = channel.request("POST", connection_id, payload)
        except NoResponse as error:
            return PostResult(Outcome.UNAVAILABLE, error.retryable, str(error))
        if response.status == 200:
            return PostResult(Outcome.DELIVERED)
        if response.status in GONE_STATUSES:
            if self._is_gone(channel, connection_id):
                return PostResult(Outcome.GONE)
            return PostResult(Outcome.FAILED, retryable=True)
        if response.status == 429:
            return PostResult(Outcome.THROTTLED, retryable=True)
        reason = response.error or str(response.status)
        if response.status >= 500:
            return PostResult(Outcome.UNAVAILABLE, retryable=True, reason=reason)
        # 403 refuses us, not the client; another status is about this client's post.
        outcome = Outcome.UNAVAILABLE if response.status == 403 else Outcome.FAILED
        return PostResult(outcome, reason=reason)

    def _is_gone(self, channel: ApiChannel, connection_id: str) -> bool:
        """Confirm by GET that a connection is gone: API Gateway's 410 is occasionally false."""
        self.pace.wait()
        try:
            return channel.request("GET", connection_id).status in GONE_STATUSES
        except NoResponse:
            return False

    def _is_futile(
        self, futile: int, results: Mapping[str, PostResult], deadline_s: float | None
    ) -> bool:
        """Return whether waiting longer would only delay the next frame."""
        if futile < FUTILE_ROUNDS_MAX:
            return False
        # As long as no client can be reached, giving up would help no other client.
        return deadline_s is None or reached(result.outcome for result in results.values())

    def _pause(self, rounds: int, deadline_s: float | None) -> bool:
        """Wait before the next round; return False if that would pass the deadline."""
        wait_s = delay_s(rounds - 1, base_s=_BASE_S, cap_s=_CAP_S, jitter=1)
        if deadline_s is not None and self.monotonic() + wait_s >= deadline_s:
            return False
        self.sleep(wait_s)
        return True


def reached(outcomes: Iterable[Outcome]) -> bool:
    """Return whether @connections worked for at least one client that exists."""
    return any(outcome not in (Outcome.UNAVAILABLE, Outcome.GONE) for outcome in outcomes)


def _log_failures(results: Iterable[PostResult]) -> None:
    """Write one line for a round, with a count for each reason."""
    reasons = Counter(result.reason for result in results if result.reason)
    if reasons:
        log.warning("posts_failed", extra={"reasons": dict(reasons)})
