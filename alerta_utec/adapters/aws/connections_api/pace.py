"""The pace of requests to ``@connections``: a share of what the account may make."""

import math
import threading
import time
from collections.abc import Callable

# Of the account's requests; the others are left to reports, pings and the panel.
BROADCAST_SHARE = 0.7


class Pace:
    """A token bucket for several threads, in which a request waits for its token.

    At most ``burst + per_s * t`` requests begin in any ``t`` seconds. Requests begin in the order
    in which they ask.
    """

    def __init__(
        self,
        *,
        per_s: float,
        burst: int,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval_s = 1 / per_s
        # How far behind the present the next token may be: that much was not used.
        self._unused_max_s = (burst - 1) * self._interval_s
        self._sleep, self._monotonic = sleep, monotonic
        self._lock = threading.Lock()
        # When the next token comes free.
        self._next_s = -math.inf

    def wait(self) -> None:
        """Take a token, and wait until it comes free."""
        with self._lock:
            now_s = self._monotonic()
            at_s = max(self._next_s, now_s - self._unused_max_s)
            self._next_s = at_s + self._interval_s
        if at_s > now_s:
            self._sleep(at_s - now_s)


def unlimited() -> Pace:
    """Return a pace at which no request waits, for a few requests at a time."""
    return Pace(per_s=math.inf, burst=1)


def share_of(quota_per_s: int, workers: int) -> Pace:
    """Return the pace of one of the workers that send a broadcast at the same time.

    ``quota_per_s``: the requests a second that the account may make in the Region, by all its
    APIs together. Its bucket holds half of that (API Gateway quotas: 5,000 for 10,000, and 1,250
    for 2,500).
    """
    per_s = BROADCAST_SHARE * quota_per_s / workers
    return Pace(per_s=per_s, burst=max(1, int(per_s / 2)))
