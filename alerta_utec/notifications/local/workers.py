"""The threads that route changes and send the pending e-mails on one machine."""

import logging
import time
from collections.abc import Sequence

from alerta_utec.adapters.worker import Worker
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.digest import EmailComposer
from alerta_utec.notifications.incident_states import StatesFromHistory
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.notifications.router import NotificationRouter
from alerta_utec.notifications.rules import RuleSet
from alerta_utec.notifications.sender import NotificationChannel, Sender
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import BatchThrottle
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import IncidentStore

log = logging.getLogger(__name__)

REMOVED = "recipient removed"


class NotificationWorkers:
    """One thread that routes, and one for each channel, so that no channel delays another."""

    def __init__(
        self,
        notifications: NotificationStore,
        incidents: IncidentStore,
        rules: RuleSet,
        channels: Sequence[NotificationChannel],
        policy: ThrottlePolicy,
        clock: Clock,
        style: MessageStyle,
    ) -> None:
        self._notifications, self._clock = notifications, clock
        self._recipients = [key for channel in channels for key in channel.mailers]
        composer = EmailComposer(incidents, style)
        senders = [Sender(notifications, channel, composer, clock) for channel in channels]
        self._senders = [
            Worker(f"mail-{n}", sender, clock, kind="mail") for n, sender in enumerate(senders, 1)
        ]
        throttle = BatchThrottle(notifications, StatesFromHistory(incidents), clock, policy)
        router = NotificationRouter(notifications, incidents, rules, throttle, clock)
        self._router = Worker("notifications", router, clock, kind="mail", wakes=self._senders)

    def start(self) -> None:
        """Start the threads; give up notifications to recipients no longer in the rules."""
        try:
            at = self._clock.now()
            dropped = self._notifications.abandon_others(self._recipients, at=at, reason=REMOVED)
        except Unavailable:
            log.exception("mail_unavailable")  # the next start will do
        else:
            if dropped:
                log.error("notifications_given_up", extra={"count": dropped, "reason": REMOVED})
        for worker in (self._router, *self._senders):
            worker.start()

    def wake(self) -> None:
        """Route without delay: a change that calls for notifications has been committed."""
        self._router.wake()

    def stop(self, timeout_s: float) -> None:
        """Let the current e-mails end, for up to ``timeout_s``; the others stay pending."""
        deadline = time.monotonic() + timeout_s
        workers = (self._router, *self._senders)
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
