"""The ``Poster`` over ``@connections``: who is posted to, in which order, and who again."""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from alerta_utec.adapters.aws.connections_api.http import Channel, ManagementHttp, NoAnswer
from alerta_utec.adapters.aws.connections_api.sigv4 import Payload, Signer
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Posted

log = logging.getLogger(__name__)

# Posts at once: what one Lambda of 1 GB has CPU for, where each takes some 10 ms.
THREADS = 64
# Rounds in a row that get through to nobody new, after which the rest are given up: one client
# that stalls costs the others under two seconds, and a rate limit is waited out.
VAIN_ROUNDS = 3
_BASE_S = 0.2
_CAP_S = 2.0
# 410: no longer there; 400: no connection can have that id.
NOBODY = (400, 410)


class _Outcome(Enum):
    DELIVERED = auto()
    GONE = auto()
    THROTTLED = auto()
    # This client's own trouble.
    FAILED = auto()
    # Through no fault of the client: @connections fails, is out of reach, or refuses us.
    TROUBLE = auto()


@dataclass(frozen=True, slots=True)
class _Result:
    """``again``: another try may help, and repeats the frame at worst. ``reason``: for the log."""

    outcome: _Outcome
    again: bool = False
    reason: str | None = None


_UNTRIED = _Result(_Outcome.TROUBLE)


@dataclass(frozen=True)
class ManagementPoster:
    """Posts in rounds, with a bounded number of threads.

    A round takes who is left, in an order of its own, so that nobody is always last. Pauses
    between rounds are drawn with full jitter from a ceiling that doubles. Needs
    ``execute-api:ManageConnections`` for POST and GET.
    """

    api: ManagementHttp
    threads: int = THREADS
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> Posted:
        ids = list(dict.fromkeys(connection_ids))
        results = self._rounds(ids, frame.encode(), deadline_s) if ids else {}
        outcomes = [results[name].outcome for name in ids]
        if _Outcome.TROUBLE in outcomes and not _reached(outcomes):
            raise Unavailable("@connections takes nothing")

        def those(*kinds: _Outcome) -> tuple[str, ...]:
            return tuple(
                name for name, outcome in zip(ids, outcomes, strict=True) if outcome in kinds
            )

        return Posted(
            delivered=outcomes.count(_Outcome.DELIVERED),
            gone=those(_Outcome.GONE),
            throttled=those(_Outcome.THROTTLED),
            failed=those(_Outcome.FAILED, _Outcome.TROUBLE),
        )

    def _rounds(
        self, ids: Sequence[str], data: bytes, deadline_s: float | None
    ) -> dict[str, _Result]:
        results: dict[str, _Result] = dict.fromkeys(ids, _UNTRIED)
        payload = Payload.of(data)
        left, vain, rounds = list(ids), 0, 0
        with ThreadPoolExecutor(self.threads, thread_name_prefix="post") as pool:
            while True:
                random.shuffle(left)
                post = partial(self._work, deque(left), self.api.signer(), payload, deadline_s)
                tried: dict[str, _Result] = {}
                for own in pool.map(post, range(min(len(left), self.threads))):
                    tried |= own
                results |= tried
                _log(tried.values())
                again = [name for name in left if results[name].again]
                vain = 0 if len(again) < len(left) else vain + 1
                rounds += 1
                if not again or self._in_vain(vain, results, deadline_s):
                    return results
                if not self._pause(rounds, deadline_s):
                    return results
                left = again

    def _work(
        self,
        left: deque[str],
        signer: Signer,
        payload: Payload,
        deadline_s: float | None,
        _number: int,
    ) -> dict[str, _Result]:
        """What one thread does in a round: post to whoever is next, until nobody is left."""
        results: dict[str, _Result] = {}
        with self.api.channel(signer) as channel:
            while deadline_s is None or self.monotonic() < deadline_s:
                try:
                    name = left.popleft()
                except IndexError:
                    break
                results[name] = _post(channel, name, payload)
        return results

    def _in_vain(self, vain: int, results: Mapping[str, _Result], deadline_s: float | None) -> bool:
        """Whether waiting longer would only hold up the next frame."""
        if vain < VAIN_ROUNDS:
            return False
        # While nobody can be reached there is nobody to hold up.
        return deadline_s is None or _reached(result.outcome for result in results.values())

    def _pause(self, rounds: int, deadline_s: float | None) -> bool:
        """Wait, unless the time would be up then."""
        ceiling_s = min(_CAP_S, _BASE_S * 2 ** min(rounds - 1, 16))
        delay_s = random.uniform(0, ceiling_s)  # noqa: S311 (jitter, no secret)
        if deadline_s is not None and self.monotonic() + delay_s >= deadline_s:
            return False
        self.sleep(delay_s)
        return True


def _post(channel: Channel, connection_id: str, payload: Payload) -> _Result:
    try:
        answer = channel.request("POST", connection_id, payload)
    except NoAnswer as error:
        return _Result(_Outcome.TROUBLE, error.again, str(error))
    if answer.status == 200:
        return _Result(_Outcome.DELIVERED)
    if answer.status in NOBODY:
        if _is_gone(channel, connection_id):
            return _Result(_Outcome.GONE)
        return _Result(_Outcome.FAILED, again=True)
    if answer.status == 429:
        return _Result(_Outcome.THROTTLED, again=True)
    reason = answer.error or str(answer.status)
    if answer.status >= 500:
        return _Result(_Outcome.TROUBLE, again=True, reason=reason)
    return _Result(_Outcome.TROUBLE if answer.status == 403 else _Outcome.FAILED, reason=reason)


def _log(results: Iterable[_Result]) -> None:
    """One line for a round, however many failed for the same reason."""
    reasons = Counter(result.reason for result in results if result.reason)
    if reasons:
        log.warning("posts_failed", extra={"reasons": dict(reasons)})


def _is_gone(channel: Channel, connection_id: str) -> bool:
    """Whether a second look confirms it: a 410 is occasionally false."""
    try:
        return channel.request("GET", connection_id).status in NOBODY
    except NoAnswer:
        return False


def _reached(outcomes: Iterable[_Outcome]) -> bool:
    """Whether any of them was there and @connections worked."""
    return any(outcome not in (_Outcome.TROUBLE, _Outcome.GONE) for outcome in outcomes)
