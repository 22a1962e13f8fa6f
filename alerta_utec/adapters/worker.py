"""A thread that runs a piece of work whenever there may be something to do."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock

log = logging.getLogger(__name__)

LONGEST_SLEEP = timedelta(seconds=30)
RETRY = timedelta(seconds=5)


class Worker:
    """Runs its work at the start, when woken, and when the work says; ``then`` follows each run.

    ``run_once`` returns when to come back; none: when woken. Where it raises, it is run again
    after ``retry``, and ``<kind>_unavailable`` or ``<kind>_failed`` is in the log.
    """

    def __init__(
        self,
        name: str,
        run_once: Callable[[], datetime | None],
        clock: Clock,
        *,
        kind: str,
        then: Callable[[], None] = lambda: None,
        retry: timedelta = RETRY,
    ) -> None:
        self._run_once = run_once
        self._clock = clock
        self._unavailable, self._failed = f"{kind}_unavailable", f"{kind}_failed"
        self._then = then
        self._retry = retry
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier run has left."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def end(self) -> None:
        """Begin nothing more."""
        self._stopped = True
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait until what has been begun has ended, for up to ``timeout_s``."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            pause = self._turn()
            self._then()
            if not self._stopped:
                self._wake.wait(pause.total_seconds())

    def _turn(self) -> timedelta:
        try:
            next_at = self._run_once()
        except Unavailable:
            log.exception(self._unavailable)
            return self._retry
        except Exception:
            log.exception(self._failed)
            return self._retry
        if next_at is None:
            return LONGEST_SLEEP
        return min(max(next_at - self._clock.now(), timedelta()), LONGEST_SLEEP)
