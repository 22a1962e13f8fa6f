"""Notifications over a temporary store, from the change to the mailer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.notifications.digest import EmailComposer
from alerta_utec.notifications.incident_states import StatesFromHistory
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.mailer import Email, Mailer
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.router import NotificationRouter
from alerta_utec.notifications.rules import Rule, RuleSet
from alerta_utec.notifications.sender import NotificationChannel, Sender
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import BatchThrottle
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.mailer import FakeMailer
from tests.support.temporary_store import TemporaryStore

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
NO_LIMIT = ThrottlePolicy(burst=1000, per_hour=1000, person_burst=1000, anonymous_burst=1000)


def to(*addresses: str) -> tuple[Recipient, ...]:
    """Return the recipients with these addresses."""
    found = [Recipient.of(address) for address in addresses]
    assert None not in found
    return tuple(one for one in found if one is not None)


class Notifications:
    """A router and its senders, with their clock, store and mailers.

    A recipient of ``rules`` without one of ``mailers`` gets a fake.
    """

    def __init__(
        self,
        *rules: Rule,
        mailers: Mapping[str, Mailer] | None = None,
        policy: ThrottlePolicy = NO_LIMIT,
        notifications: type[SqliteNotifications] = SqliteNotifications,
    ) -> None:
        self.clock = ManualClock(T0)
        own_store = TemporaryStore()
        self.store, self.notifications = own_store.incidents, notifications(own_store.database)
        self.rules = RuleSet(rules or (Rule("todo", to("guardia@example.edu")),), LIMA)
        own = {key: FakeMailer() for key in self.rules.recipients}
        self.mailers: dict[str, Any] = own | dict(mailers or {})
        self.composer = EmailComposer(self.store, STYLE)
        self.policy = policy
        self.start()

    def start(self) -> None:
        """Start the router and the senders anew over the same store."""
        throttle = BatchThrottle(
            self.notifications, StatesFromHistory(self.store), self.clock, self.policy
        )
        self.router = NotificationRouter(
            self.notifications, self.store, self.rules, throttle, self.clock
        )
        self.senders = {
            key: Sender(
                self.notifications, NotificationChannel({key: mailer}), self.composer, self.clock
            )
            for key, mailer in self.mailers.items()
        }

    @property
    def mailer(self) -> Any:
        """Return the mailer of the first recipient."""
        return next(iter(self.mailers.values()))

    def report(self, **fields: Any) -> Change:
        """Commit a report made now."""
        change = creation(**({"at": self.clock.now(), "urgency": "high"} | fields))
        return self.store.commit(change).change

    def run_once(self) -> datetime | None:
        """Route and send; return when to run again."""
        times = [self.router.run_once(), *(sender.run_once() for sender in self.senders.values())]
        return min((moment for moment in times if moment is not None), default=None)

    def sent_to(self, address: str) -> list[Email]:
        """Return the e-mails that a recipient got."""
        return list(self.mailers[address].sent)

    def outcome(self, change: Change) -> Mapping[str, Any]:
        """Return the recorded outcome of a change's e-mails."""
        [found] = [
            one.outcome
            for one in self.notifications.for_incident(change.incident_id)
            if one.revision == change.after.revision
        ]
        return found
