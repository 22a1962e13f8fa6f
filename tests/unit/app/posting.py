"""Notices in memory, from the change to the mailer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.adapters.memory import MemoryIncidents
from alerta_utec.domain.change import Change
from alerta_utec.notifications.digest import Composer
from alerta_utec.notifications.ports import Notices
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.routing import MailQueue
from alerta_utec.notifications.rules import Routes, Rule
from alerta_utec.notifications.sender import Lane, Sender
from alerta_utec.notifications.throttle import Measure
from alerta_utec.notifications.throttling import BatchedStorms
from alerta_utec.ports import Email, Mailer
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.mailer import FakeMailer

LIMA = ZoneInfo("America/Lima")
NO_LIMIT = Measure(burst=1000, per_hour=1000)


def to(*addresses: str) -> tuple[Recipient, ...]:
    """Recipients by their addresses."""
    found = [Recipient.of(address) for address in addresses]
    assert None not in found
    return tuple(one for one in found if one is not None)


class Post:
    """What decides and what sends, with their clock, store and mailers.

    ``mailers`` has one for each recipient of ``rules`` that is given none.
    """

    def __init__(
        self,
        *rules: Rule,
        mailers: Mapping[str, Mailer] | None = None,
        measure: Measure = NO_LIMIT,
        notices: Notices | None = None,
    ) -> None:
        self.clock = ManualClock(T0)
        self.store = MemoryIncidents()
        self.notices: Notices = notices or self.store.notices
        self.routes = Routes(rules or (Rule("todo", to("guardia@example.edu")),), LIMA)
        own = {key: FakeMailer() for key in self.routes.recipients}
        self.mailers: dict[str, Any] = own | dict(mailers or {})
        self.compose = Composer(self.store, LIMA)
        self.measure = measure
        self.start()

    def start(self) -> None:
        """Begin anew, with nothing but what is stored."""
        storms = BatchedStorms(self.notices, self.clock, self.measure)
        self.queue = MailQueue(self.notices, self.store, self.routes, storms, self.clock)
        self.senders = {
            key: Sender(self.notices, Lane({key: mailer}), self.compose, self.clock)
            for key, mailer in self.mailers.items()
        }

    @property
    def mailer(self) -> Any:
        """The mailer of the first recipient."""
        return next(iter(self.mailers.values()))

    def owe(self, **fields: Any) -> Change:
        """Somebody reports something now."""
        change = creation(**({"at": self.clock.now(), "urgency": "high"} | fields))
        return self.store.commit(change).change

    def run_once(self) -> datetime | None:
        """Decide and send, and say when there is more to do."""
        times = [self.queue.run_once(), *(sender.run_once() for sender in self.senders.values())]
        return min((moment for moment in times if moment is not None), default=None)

    def sent_to(self, address: str) -> list[Email]:
        """What a recipient has got."""
        return list(self.mailers[address].sent)

    def outcome(self, change: Change) -> Mapping[str, Any]:
        """What is on record of a change's e-mails."""
        [found] = [
            one.outcome
            for one in self.notices.for_incident(change.incident_id)
            if one.revision == change.after.revision
        ]
        return found
