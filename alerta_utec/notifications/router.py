"""Routing on one machine: which recipients get a notification about a change, and when."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerta_utec.app.history import changes_back_from
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.notifications.rules import RuleSet
from alerta_utec.notifications.throttle_state import HoldReason
from alerta_utec.notifications.throttling import BatchThrottle
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import IncidentStore

log = logging.getLogger(__name__)

BATCH = 50


@dataclass(frozen=True)
class NotificationRouter:
    """Turns enqueued changes into pending or held e-mails to the recipients of the rules.

    A defect with one change delays no other: that change is left until the next start. For one
    thread at a time.
    """

    notifications: NotificationStore
    incidents: IncidentStore
    rules: RuleSet
    throttle: BatchThrottle
    clock: Clock
    # The ``seq`` of changes that could not be routed.
    _broken: set[int] = field(default_factory=set, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Route new changes and release notifications whose hold has ended.

        Returns:
            When to run again, or ``None`` if nothing is held.

        Raises:
            Unavailable: the store cannot be read or written.
        """
        found = self.notifications.unrouted(BATCH + len(self._broken))
        self._route([change for change in found if change.after.seq not in self._broken])
        policy = self.throttle.policy
        longest = {reason: policy.longest_hold(reason) for reason in HoldReason}
        for recipient in self.notifications.recipients_to_release(self.clock.now(), longest):
            for digest in self.throttle.release(recipient):
                log.info("notifications_released", extra={"count": len(digest)})
        full = len(found) == BATCH + len(self._broken)
        return self.clock.now() if full else self.notifications.next_release_at()

    def _route(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            routed = [(change, self._recipients(change)) for change in changes]
            if addressed := [(change, names) for change, names in routed if names]:
                self.throttle.admit_all(addressed)
            if unaddressed := [change for change, names in routed if not names]:
                self.notifications.suppress(unaddressed, at=self.clock.now())
        except Unavailable:
            raise
        except Exception:
            if len(changes) > 1:
                for change in changes:
                    self._route([change])
                return
            position = str(changes[0].position)
            log.exception("notification_not_routed", extra={"position": position})
            self._broken.add(changes[0].after.seq)

    def _recipients(self, change: Change) -> Sequence[str]:
        earlier: Iterable[Change] = ()
        if change.resolves():
            earlier = changes_back_from(self.incidents, change.incident_id, change.after.revision)
        return [recipient.key for recipient in self.rules.recipients_of(change, earlier)]
