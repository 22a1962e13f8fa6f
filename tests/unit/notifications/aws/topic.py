"""Notifications through a topic over DynamoDB, with a clock and a mailer of the test's own."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.aws.dynamodb import DynamoNotifications
from alerta_utec.notifications.aws.incident_states import DynamoIncidentStates
from alerta_utec.notifications.rules import Rule, RuleSet
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import Throttle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher, topic_of
from alerta_utec.notifications.topic_digests import TopicDigestSender
from tests.contract.aws import create
from tests.contract.builders import T0, creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.unit.adapters.aws.faults import FaultyWire

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Topic:
    """The two parts of the deployed function, with their stores, clock and mailer."""

    incidents: DynamoIncidents
    notifications: DynamoNotifications
    mailer: FakeMailer
    deliveries: FakeDeliveries
    clock: ManualClock
    notifier: TopicNotifier
    digests: TopicDigestSender

    @property
    def name(self) -> str:
        """Return the topic's key in the store."""
        return topic_of(self.incidents.position().epoch)

    def report(self, **fields: Any) -> Change:
        """Commit a report, and notify of it."""
        known: dict[str, Any] = {"urgency": "medium", "at": self.clock.now()}
        change = self.incidents.commit(creation(**known | fields)).change
        self.notifier.notify(change)
        return change

    def move(self, change: Change, **fields: Any) -> Change:
        """Commit an update, and notify of it."""
        moved = update(change.after, at=self.clock.now(), **fields)
        committed = self.incidents.commit(moved).change
        self.notifier.notify(committed)
        return committed

    def pass_by(self, minutes: int, *, step: int = 1) -> None:
        """Advance the clock, with a call of the schedule every ``step`` minutes."""
        for _ in range(0, minutes, step):
            self.clock.advance(step * MINUTE)
            self.flush()

    def flush(self) -> None:
        """Call the function as the schedule does; a failure is retried by the next call."""
        with suppress(Unavailable):
            self.digests.send_due()

    def emails(self) -> list[set[str]]:
        """Return the incidents in each e-mail."""
        known = [change.incident_id for change in self.incidents.changes(after_seq=0, limit=999)]
        return [{name for name in known if name in email.body} for email in self.mailer.sent]

    def record(self, change: Change) -> dict[str, Any]:
        """Return the recorded outcome of a change's e-mail."""
        found = {one.revision: one for one in self.deliveries.for_incident(change.incident_id)}
        return dict(found[change.after.revision].outcome)


def build(
    wire: FaultyWire,
    tables: IncidentTables,
    notifications: str,
    rules: Sequence[Rule] = (),
    policy: ThrottlePolicy | None = None,
) -> Topic:
    """Build a topic on these tables, whose requests pass ``wire``."""
    clock, mailer, deliveries = ManualClock(T0), FakeMailer(), FakeDeliveries()
    memory = DynamoNotifications(wire.client, notifications, clock)
    incidents = DynamoIncidents(wire.client, tables)
    feed = DynamoFeed(wire.client, tables.changes)
    states = DynamoIncidentStates(wire.client, tables.incidents, feed)
    throttle = Throttle(memory, states, clock, policy or ThrottlePolicy())
    rule_set = RuleSet(tuple(rules), LIMA) if rules else None
    publish = TopicPublisher(mailer, STYLE, rule_set, feed)
    record = Recorder(deliveries)
    return Topic(
        incidents,
        memory,
        mailer,
        deliveries,
        clock,
        TopicNotifier(publish, clock, record, memory, throttle),
        TopicDigestSender(throttle, memory, publish, feed, clock, record),
    )


@pytest.fixture
def notices_table(wire: FaultyWire) -> Iterator[str]:
    """Yield an empty table for one test."""
    table = create(wire.client, "notices")
    yield table
    wire.client.delete_table(TableName=table)


@pytest.fixture
def topic(wire: FaultyWire, incident_tables: IncidentTables, notices_table: str) -> Topic:
    """Build a topic without rules."""
    return build(wire, incident_tables, notices_table)
