"""The wait before the next attempt: exponential backoff with jitter."""

import random
from collections.abc import Callable

Uniform = Callable[[float, float], float]

# 2.0 ** 1024 overflows; any cap is reached long before.
_DOUBLINGS_MAX = 1000


def delay_s(
    attempt: int,
    *,
    base_s: float,
    cap_s: float,
    jitter: float = 0.0,
    uniform: Uniform = random.uniform,
) -> float:
    """Return how many seconds to wait after attempt number ``attempt`` (from 0) has failed.

    The ceiling is ``base_s`` after attempt 0, doubles with each attempt and stays at ``cap_s``.
    ``jitter`` (0 to 1) is the share of the ceiling that ``uniform`` draws at random, so that
    callers that failed together do not come back together: 0 waits for exactly the ceiling, 0.5
    for half of it to all of it, 1 for nothing to all of it ("full jitter").
    """
    ceiling_s = min(cap_s, base_s * 2.0 ** min(attempt, _DOUBLINGS_MAX))
    return uniform(ceiling_s * (1 - jitter), ceiling_s) if jitter else ceiling_s
