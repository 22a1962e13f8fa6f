"""Deciding who gets which notice and when, on one machine."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.ports import Notices
from alerta_utec.notifications.rules import Routes
from alerta_utec.notifications.throttling import BatchedStorms
from alerta_utec.ports import Clock, IncidentStore

log = logging.getLogger(__name__)

BATCH = 50


@dataclass(frozen=True)
class MailQueue:
    """Turns changes that call for notices into e-mails that are owed, or held, to recipients.

    A defect met with one change holds up no other: that change is left until the next start. One
    thread at a time may run it.
    """

    notices: Notices
    store: IncidentStore
    routes: Routes
    storms: BatchedStorms
    clock: Clock
    _broken: set[int] = field(default_factory=set, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Decide about what is new, and let leave what was held for long enough.

        Returns:
            When to come back; none where nothing is held.

        Raises:
            Unavailable: what is owed cannot be read or written.
        """
        found = self.notices.unrouted(BATCH + len(self._broken))
        self._route([change for change in found if change.after.seq not in self._broken])
        for recipient in self.notices.releasable(self.clock.now()):
            for parcel in self.storms.release(recipient):
                log.info("notices_released", extra={"count": len(parcel)})
        full = len(found) == BATCH + len(self._broken)
        return self.clock.now() if full else self.notices.next_release()

    def _route(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            routed = [(change, self._recipients(change)) for change in changes]
            if told := [(change, names) for change, names in routed if names]:
                self.storms.admit_all(told)
            if untold := [change for change, names in routed if not names]:
                self.notices.nobody(untold, at=self.clock.now())
        except Unavailable:
            raise
        except Exception:
            if len(changes) > 1:
                for change in changes:
                    self._route([change])
                return
            log.exception("notice_not_routed", extra={"position": str(changes[0].position)})
            self._broken.add(changes[0].after.seq)

    def _recipients(self, change: Change) -> Sequence[str]:
        earlier = self.store.history(change.incident_id) if change.resolves() else ()
        before = [one for one in earlier if one.after.revision < change.after.revision]
        return [recipient.key for recipient in self.routes.of(change, before)]
