"""Trying again while others are in the way."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Tries with exponential backoff and full jitter, for ``give_up_after_s`` in all.

    Full jitter: each wait is drawn from zero to a ceiling that doubles up to ``cap_s``, so
    that those who collided do not collide again in step.
    """

    base_s: float = 0.05
    cap_s: float = 1.0
    give_up_after_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    def tries(self) -> Iterator[int]:
        """0 at once, then 1, 2, … each after a wait, until the time is up."""
        deadline = self.monotonic() + self.give_up_after_s
        for tried in itertools.count():
            yield tried
            delay = self.uniform(0, min(self.cap_s, self.base_s * 2 ** min(tried, 16)))
            if self.monotonic() + delay >= deadline:
                return
            self.sleep(delay)
