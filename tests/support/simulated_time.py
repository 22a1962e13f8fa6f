"""Functions that run concurrently in simulated time, in one thread and in a fixed order."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from greenlet import getcurrent, greenlet

from tests.contract.builders import T0


class SimulatedTime:
    """A scheduler of greenlets whose time advances only while all of them sleep."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, greenlet]] = []
        # A greenlet that is collected would raise GreenletExit in its function.
        self._stopped: list[greenlet] = []

    def start(self, at_s: float, function: Callable[[], object]) -> None:
        """Run ``function`` from ``at_s`` on."""
        self._schedule(at_s, greenlet(function))

    def sleep(self, seconds: float) -> None:
        """Suspend the calling function."""
        running = getcurrent()
        self._schedule(self.now_s + seconds, running)
        self._switch_back(running)

    def stop(self) -> None:
        """Never return: the calling function ends here, as a process that is killed."""
        running = getcurrent()
        self._stopped.append(running)
        self._switch_back(running)

    def run(self) -> None:
        """Return when every function has ended or is stopped; raise what one raises."""
        while self._due:
            self.now_s, _, due = heapq.heappop(self._due)
            due.switch()

    def monotonic(self) -> float:
        """Return the simulated seconds."""
        return self.now_s

    def _schedule(self, at_s: float, due: greenlet) -> None:
        heapq.heappush(self._due, (at_s, next(self._order), due))

    def _switch_back(self, running: greenlet) -> None:
        if running.parent is None:
            raise RuntimeError("only a started function can sleep")
        running.parent.switch()


@dataclass(frozen=True)
class SimulatedClock:
    """The time of day in simulated time, ``skew_s`` seconds ahead."""

    time: SimulatedTime
    skew_s: float = 0.0

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.time.now_s + self.skew_s)
