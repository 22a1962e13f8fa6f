"""A loop of attempts with backoff and a time limit."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from alerta_utec.domain.backoff import Uniform, delay_s


@dataclass(frozen=True)
class Retry:
    """Attempts with exponential backoff and full jitter, for ``give_up_after_s`` in all."""

    base_s: float = 0.05
    cap_s: float = 1.0
    give_up_after_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    uniform: Uniform = random.uniform

    def attempts(self) -> Iterator[int]:
        """Yield 0 at once, then 1, 2, … each after a wait, until the time is up."""
        deadline = self.monotonic() + self.give_up_after_s
        for attempt in itertools.count():
            yield attempt
            wait_s = delay_s(
                attempt, base_s=self.base_s, cap_s=self.cap_s, jitter=1, uniform=self.uniform
            )
            if self.monotonic() + wait_s >= deadline:
                return
            self.sleep(wait_s)
