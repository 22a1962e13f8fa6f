"""Detection of the time in which this machine slept, and a connection may have died unnoticed."""

from collections.abc import Callable


class SleepDetector:
    """A watch on the wall clock, which goes on while the machine sleeps.

    The clock of asyncio's loop stands still meanwhile on most systems (Linux: CLOCK_MONOTONIC).
    """

    def __init__(self, wall_clock: Callable[[], float], slept_s: float) -> None:
        self._wall_clock = wall_clock
        self._slept_s = slept_s
        self._read_at = wall_clock()

    def detected(self) -> bool:
        """Return whether ``slept_s`` have passed since the last call."""
        before, self._read_at = self._read_at, self._wall_clock()
        return self._read_at - before > self._slept_s
