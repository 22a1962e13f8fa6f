"""Rate limits in this process's memory."""

import threading
from datetime import datetime


class InProcessRateLimits:
    """``RateLimits`` by the generic cell rate algorithm; the longest unused keys are dropped."""

    KEYS_MAX = 100_000

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        now_s, interval_s = now.timestamp(), 1 / per_s
        with self._lock:
            full_at = max(self._full_at.pop(key, now_s), now_s)
            wait_s = full_at + interval_s - burst * interval_s - now_s
            self._full_at[key] = full_at if wait_s > 0 else full_at + interval_s
            if len(self._full_at) > self.KEYS_MAX:
                del self._full_at[next(iter(self._full_at))]
        return max(wait_s, 0.0)
