"""The thread that sends the e-mails that are owed."""

import logging
import threading
from datetime import timedelta

from alerta_utec.app.mail_queue import MailQueue
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock

log = logging.getLogger(__name__)

LONGEST_SLEEP = timedelta(seconds=30)
RETRY = timedelta(seconds=5)


class MailWorker:
    """Runs the queue when something is owed: at the start, when woken, and when a job is due."""

    def __init__(self, queue: MailQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def start(self) -> None:
        """Begin, with what was left owed by an earlier run."""
        self._thread.start()

    def wake(self) -> None:
        """Something new is owed."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Let the current e-mail end, for up to ``timeout_s``; the rest stays owed."""
        self._stopped = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            pause = self._turn()
            if not self._stopped:
                self._wake.wait(pause.total_seconds())

    def _turn(self) -> timedelta:
        try:
            next_at = self._queue.run_once()
        except Unavailable:
            log.exception("mail_queue_unavailable")
            return RETRY
        except Exception:
            log.exception("mail_queue_failed")
            return RETRY
        if next_at is None:
            return LONGEST_SLEEP
        return min(max(next_at - self._clock.now(), timedelta()), LONGEST_SLEEP)
