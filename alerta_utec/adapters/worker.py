"""A thread that repeats a piece of work: when it is woken, and when the work falls due."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

SLEEP_MAX = timedelta(seconds=30)
RETRY = timedelta(seconds=5)


class Work(Protocol):
    """A piece of work that a ``Worker`` repeats."""

    def run_once(self) -> datetime | None:
        """Do what is due now, and return when more falls due; ``None`` if not before a wake-up.

        Raises:
            Unavailable: a store or a peer does not answer; the worker retries.
        """
        ...


class Worker:
    """A daemon thread that runs its work at the start, when woken, and when the work falls due.

    No sleep is longer than 30 s. After an exception the work is retried, and
    ``<kind>_unavailable`` or ``<kind>_failed`` is logged.

    Args:
        wakes: other workers, which are woken after each run.
        retry: the pause after an exception.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        clock: Clock,
        *,
        kind: str,
        wakes: Sequence["Worker"] = (),
        retry: timedelta = RETRY,
    ) -> None:
        self._work = work
        self._clock = clock
        self._unavailable, self._failed = f"{kind}_unavailable", f"{kind}_failed"
        self._wakes = tuple(wakes)
        self._retry = retry
        self._wake_up = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, which first does what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Run the work now, or once more if it is running; for any thread, never waits."""
        self._wake_up.set()

    def end(self) -> None:
        """Start no further run."""
        self._stopped = True
        self._wake_up.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the current run to end, for up to ``timeout_s``."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped:
            self._wake_up.clear()
            pause = self._run_work()
            for worker in self._wakes:
                worker.wake()
            if not self._stopped:
                self._wake_up.wait(pause.total_seconds())

    def _run_work(self) -> timedelta:
        """Run the work once and return the pause until the next run."""
        try:
            next_at = self._work.run_once()
        except Unavailable:
            log.exception(self._unavailable)
            return self._retry
        except Exception:
            log.exception(self._failed)
            return self._retry
        if next_at is None:
            return SLEEP_MAX
        return min(max(next_at - self._clock.now(), timedelta()), SLEEP_MAX)
