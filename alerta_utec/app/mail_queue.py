"""Deciding who gets which notice and when, on one machine."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from alerta_utec.app.storms import Storms
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.routing import Routes
from alerta_utec.notice_ports import Notices
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
    storms: Storms
    clock: Clock
    _broken: set[int] = field(default_factory=set, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Decide about what is new, and let leave what was held for long enough.

        Returns:
            When to come back; none where nothing is held.

        Raises:
            Unavailable: what is owed cannot be read or written.
        """
        changes = self.notices.unrouted(BATCH + len(self._broken))
        for change in changes:
            if change.after.seq not in self._broken:
                self._route(change)
        for recipient in self.notices.releasable(self.clock.now()):
            for parcel in self.storms.release(recipient):
                log.info("notices_released", extra={"count": len(parcel)})
        full = len(changes) == BATCH + len(self._broken)
        return self.clock.now() if full else self.notices.next_release()

    def _route(self, change: Change) -> None:
        try:
            earlier = self.store.history(change.incident_id) if change.resolves() else ()
            before = [one for one in earlier if one.after.revision < change.after.revision]
            recipients = [recipient.key for recipient in self.routes.of(change, before)]
            if recipients:
                self.storms.admit(change, recipients)
            else:
                self.notices.nobody(change, at=self.clock.now())
        except Unavailable:
            raise
        except Exception:
            log.exception("notice_not_routed", extra={"position": str(change.position)})
            self._broken.add(change.after.seq)
