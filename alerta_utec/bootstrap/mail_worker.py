"""The threads that decide about notices and send the e-mails that are owed."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerta_utec.app.digest import Composer
from alerta_utec.app.mail_queue import MailQueue
from alerta_utec.app.sender import Lane, Sender, nothing
from alerta_utec.app.storms import BatchedStorms
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.messages import Lang
from alerta_utec.domain.routing import Routes
from alerta_utec.domain.storms import Measure
from alerta_utec.notice_ports import Notices
from alerta_utec.ports import Clock, IncidentStore

log = logging.getLogger(__name__)

LONGEST_SLEEP = timedelta(seconds=30)
RETRY = timedelta(seconds=5)
REMOVED = "recipient removed"


class MailWorker:
    """Runs a piece of work at the start, when woken, and when it says; ``then`` follows each."""

    def __init__(
        self,
        name: str,
        run_once: Callable[[], datetime | None],
        clock: Clock,
        then: Callable[[], None] = nothing,
    ) -> None:
        self._run_once = run_once
        self._clock = clock
        self._then = then
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
            log.exception("mail_unavailable")
            return RETRY
        except Exception:
            log.exception("mail_failed")
            return RETRY
        if next_at is None:
            return LONGEST_SLEEP
        return min(max(next_at - self._clock.now(), timedelta()), LONGEST_SLEEP)


class MailWorkers:
    """One thread that decides, and one for each way out, so that none waits for another."""

    def __init__(
        self,
        notices: Notices,
        store: IncidentStore,
        routes: Routes,
        lanes: Sequence[Lane],
        measure: Measure,
        clock: Clock,
        lang: Lang,
    ) -> None:
        self._notices, self._clock = notices, clock
        self._recipients = [key for lane in lanes for key in lane.mailers]
        compose = Composer(store, routes.timezone, lang)
        self._senders = [
            MailWorker(f"mail-{n}", Sender(notices, lane, compose, clock).run_once, clock)
            for n, lane in enumerate(lanes, 1)
        ]
        storms = BatchedStorms(notices, clock, measure)
        queue = MailQueue(notices, store, routes, storms, clock)
        self._decider = MailWorker("notices", queue.run_once, clock, then=self._wake_senders)

    def start(self) -> None:
        """Begin; what was for recipients that there are no more is given up."""
        try:
            at = self._clock.now()
            dropped = self._notices.drop_others(self._recipients, at=at, reason=REMOVED)
        except Unavailable:
            log.exception("mail_unavailable")  # the next start will do
        else:
            if dropped:
                log.error("notices_given_up", extra={"count": dropped, "reason": REMOVED})
        for worker in (self._decider, *self._senders):
            worker.start()

    def wake(self) -> None:
        """A change that calls for notices has been committed."""
        self._decider.wake()

    def stop(self, timeout_s: float) -> None:
        """Let the current e-mails end, for up to ``timeout_s``; the rest stays owed."""
        deadline = time.monotonic() + timeout_s
        workers = (self._decider, *self._senders)
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def _wake_senders(self) -> None:
        for sender in self._senders:
            sender.wake()
