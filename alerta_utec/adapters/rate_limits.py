"""Rate limits in this process's memory."""

import threading
from datetime import datetime

from alerta_utec.domain.token_bucket import take_token


class InProcessRateLimits:
    """``RateLimits`` of this process; the longest unused keys are dropped."""

    KEYS_MAX = 100_000

    def __init__(self) -> None:
        self._full_at_us: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        now_us = round(now.timestamp() * 1_000_000)
        with self._lock:
            taken = take_token(self._full_at_us.pop(key, None), now_us, per_s=per_s, burst=burst)
            self._full_at_us[key] = taken.full_at_us
            if len(self._full_at_us) > self.KEYS_MAX:
                del self._full_at_us[next(iter(self._full_at_us))]
        return taken.wait_us / 1_000_000
