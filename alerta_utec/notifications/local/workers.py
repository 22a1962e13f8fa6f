"""The threads that decide about notices and send the e-mails that are owed."""

import logging
import time
from collections.abc import Sequence

from alerta_utec.adapters.worker import Worker
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.messages import Lang
from alerta_utec.notifications.digest import Composer
from alerta_utec.notifications.ports import Notices
from alerta_utec.notifications.routing import MailQueue
from alerta_utec.notifications.rules import Routes
from alerta_utec.notifications.sender import Lane, Sender
from alerta_utec.notifications.throttle import Measure
from alerta_utec.notifications.throttling import BatchedStorms
from alerta_utec.ports import Clock, IncidentStore

log = logging.getLogger(__name__)

REMOVED = "recipient removed"


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
            Worker(f"mail-{n}", Sender(notices, lane, compose, clock).run_once, clock, kind="mail")
            for n, lane in enumerate(lanes, 1)
        ]
        storms = BatchedStorms(notices, clock, measure)
        queue = MailQueue(notices, store, routes, storms, clock)
        self._decider = Worker(
            "notices", queue.run_once, clock, kind="mail", then=self._wake_senders
        )

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
