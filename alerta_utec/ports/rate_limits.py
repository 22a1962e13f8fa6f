"""Rate limits by key."""

from datetime import datetime
from typing import Protocol


class RateLimits(Protocol):
    """Token buckets by key, which refill by themselves."""

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        """Take one token from the bucket of ``key``.

        The bucket holds up to ``burst`` tokens and gets ``per_s`` new ones each second.

        Returns:
            0.0 if a token was taken; else the seconds until there will be one, never more than
            ``burst / per_s``, also after the clock was set back.

        Raises:
            Unavailable.
        """
        ...
