"""The alarm on a topic over DynamoDB, whose clock a test moves and whose mail it reads."""

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
from alerta_utec.notifications.rules import Rule, RuleSet
from alerta_utec.notifications.throttle import ThrottlePolicy
from alerta_utec.notifications.throttling import Throttle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher, topic_of
from alerta_utec.notifications.topic_digests import TopicDigestSender
from tests.contract.aws import create
from tests.contract.builders import T0, creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.unit.adapters_aws.faults import FaultyWire

LIMA = ZoneInfo("America/Lima")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Topic:
    """What is deployed: the function's two sides and what they stand on."""

    incidents: DynamoIncidents
    notices: DynamoNotifications
    mailer: FakeMailer
    deliveries: FakeDeliveries
    clock: ManualClock
    notifier: TopicNotifier
    digests: TopicDigestSender

    @property
    def name(self) -> str:
        """What its rows are under."""
        return topic_of(self.incidents.position().epoch)

    def report(self, **fields: Any) -> Change:
        """Commit a report, and let the alarm have it."""
        known: dict[str, Any] = {"urgency": "medium", "at": self.clock.now()}
        change = self.incidents.commit(creation(**known | fields)).change
        self.notifier.notify(change)
        return change

    def move(self, change: Change, **fields: Any) -> Change:
        """Commit what becomes of it, and let the alarm have it."""
        moved = update(change.after, at=self.clock.now(), **fields)
        committed = self.incidents.commit(moved).change
        self.notifier.notify(committed)
        return committed

    def pass_by(self, minutes: int, *, step: int = 1) -> None:
        """Let time pass, with the schedule's call every ``step`` minutes."""
        for _ in range(0, minutes, step):
            self.clock.advance(step * MINUTE)
            self.flush()

    def flush(self) -> None:
        """The schedule's call; what fails is logged, and comes again."""
        with suppress(Unavailable):
            self.digests.send_due()

    def told(self) -> list[set[str]]:
        """Of which incidents each e-mail tells."""
        known = [change.incident_id for change in self.incidents.changes(after_seq=0, limit=999)]
        return [{name for name in known if name in email.body} for email in self.mailer.sent]

    def record(self, change: Change) -> dict[str, Any]:
        """What is on record about its e-mail."""
        found = {one.revision: one for one in self.deliveries.for_incident(change.incident_id)}
        return dict(found[change.after.revision].outcome)


def build(
    wire: FaultyWire,
    tables: IncidentTables,
    notices: str,
    rules: Sequence[Rule] = (),
    policy: ThrottlePolicy | None = None,
) -> Topic:
    """A topic on these tables; ``wire`` is between it and them."""
    clock, mailer, deliveries = ManualClock(T0), FakeMailer(), FakeDeliveries()
    memory = DynamoNotifications(wire.client, notices, clock)
    throttle = Throttle(memory, clock, policy or ThrottlePolicy())
    feed = DynamoFeed(wire.client, tables.changes)
    rule_set = RuleSet(tuple(rules), LIMA) if rules else None
    publish = TopicPublisher(mailer, LIMA, rule_set, feed)
    record = Recorder(deliveries)
    return Topic(
        DynamoIncidents(wire.client, tables),
        memory,
        mailer,
        deliveries,
        clock,
        TopicNotifier(publish, clock, record, memory, throttle.policy),
        TopicDigestSender(throttle, memory, publish, feed, clock, record),
    )


@pytest.fixture
def notices_table(wire: FaultyWire) -> Iterator[str]:
    """An empty table of a test's own."""
    table = create(wire.client, "notices")
    yield table
    wire.client.delete_table(TableName=table)


@pytest.fixture
def topic(wire: FaultyWire, incident_tables: IncidentTables, notices_table: str) -> Topic:
    """Without rules."""
    return build(wire, incident_tables, notices_table)
