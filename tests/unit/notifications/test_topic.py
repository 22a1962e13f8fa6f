"""``TopicPublisher`` and ``TopicNotifier``: the content and the recipients of a message."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.email import compose
from alerta_utec.notifications.recipients import Kind, Recipient, recipient_id
from alerta_utec.notifications.rules import Hours, Rule, RuleSet
from alerta_utec.notifications.sms import short_text
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher, attributes_of
from tests.contract.builders import creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
# A Tuesday, five past midnight in Lima.
MIDNIGHT = datetime(2026, 11, 24, 5, 5, tzinfo=UTC)
GUARD = Recipient(Kind.EMAIL, "Guardia@example.edu")
PHONE = Recipient(Kind.PHONE, "+51999999999")
NIGHT = Rule("noche", (PHONE,), hours=Hours(22 * 60, 6 * 60))
HIGH = Rule("alta", (GUARD,), urgency=frozenset({Urgency.HIGH}))


class Topic:
    """A topic in memory, with its notifier and its feed."""

    def __init__(self, *rules: Rule, down: bool = False, earlier: Sequence[Change] = ()) -> None:
        self.mailer = FakeMailer(down=down)
        self.deliveries = FakeDeliveries()
        self.asked: list[Change] = []
        self._earlier = earlier
        chosen = RuleSet(rules, LIMA) if rules else None
        record = Recorder(self.deliveries)
        publish = TopicPublisher(self.mailer, STYLE, chosen, self)
        self.notifier = TopicNotifier(publish, ManualClock(), record)

    def changes_before(self, change: Change) -> Sequence[Change]:
        """Return the earlier changes, as the feed does."""
        self.asked.append(change)
        return self._earlier

    def to(self) -> Any:
        """Return the recipients that the last e-mail names."""
        return list(cast("Sequence[str]", self.mailer.sent[-1].attributes["to"]))


def _change(**fields: Any) -> Change:
    known: dict[str, Any] = {"urgency": "high", "type": "Inundación", "location": "Sótano"}
    return creation(**{"at": MIDNIGHT} | known | fields)


def test_subscriptions_can_filter_by_what_happened_where_and_when() -> None:
    assert attributes_of(_change(), LIMA) == {
        "urgency": "high",
        "type": "Inundación",
        "location": "Sótano",
        "type_key": "inundacion",
        "location_key": "sotano",
        "minute": 5,
        "weekday": "tue",
        "event": "new",
        "drill": "false",
    }


def test_the_event_distinguishes_new_raised_and_resolved() -> None:
    low = _change(urgency="low", drill=True)
    raised = update(low.after, urgency=Urgency.HIGH, alarmed=True)
    resolved = update(raised.after, status=Status.RESUELTO)

    attributes = [attributes_of(change, LIMA) for change in (low, raised, resolved)]

    assert [one["event"] for one in attributes] == ["new", "raised", "resolved"]
    assert {one["drill"] for one in attributes} == {"true"}


def test_a_notification_has_an_email_and_a_text_message() -> None:
    topic, change = Topic(), _change()

    assert topic.notifier.notify(change)

    (sent,) = topic.mailer.sent
    composed = compose(change, STYLE)
    assert (sent.subject, sent.body, sent.message_id) == (
        composed.subject,
        composed.body,
        composed.message_id,
    )
    assert sent.short == short_text(change, STYLE)
    assert [one.outcome for one in topic.deliveries.for_incident(change.incident_id)] == [
        {"result": "sent"}
    ]


def test_without_rules_a_notification_names_no_recipient() -> None:
    topic = Topic()

    topic.notifier.notify(_change())

    assert topic.to() == []


def test_a_notification_names_the_recipients_of_the_rules_and_shows_no_address() -> None:
    topic = Topic(NIGHT, HIGH)

    topic.notifier.notify(_change())
    both = topic.to()
    topic.notifier.notify(_change(urgency="medium"))

    assert both == [recipient_id(PHONE), recipient_id(GUARD)]
    assert topic.to() == [recipient_id(PHONE)]
    assert not any("999" in one or "guardia" in one for one in both)


def test_the_record_names_the_recipients() -> None:
    topic, change = Topic(NIGHT, HIGH), _change()

    topic.notifier.notify(change)

    (record,) = topic.deliveries.for_incident(change.incident_id)
    assert record.outcome["result"] == "sent"
    assert [one["to"] for one in record.outcome["recipients"]] == [PHONE.address, GUARD.key]


def test_one_address_written_in_two_ways_is_one_recipient() -> None:
    lower = Recipient(Kind.EMAIL, GUARD.address.lower())

    assert recipient_id(lower) == recipient_id(GUARD)


def test_an_all_clear_goes_to_the_earlier_recipients() -> None:
    raised = _change()
    resolved = update(raised.after, at=MIDNIGHT.replace(hour=17), status=Status.RESUELTO)
    topic = Topic(NIGHT, earlier=[raised])

    topic.notifier.notify(resolved)

    assert topic.to() == [recipient_id(PHONE)]


def test_earlier_changes_are_read_for_an_all_clear_only() -> None:
    raised = _change()
    resolved = update(raised.after, status=Status.RESUELTO)
    topic = Topic(NIGHT, earlier=[raised])

    topic.notifier.notify(raised)
    before = list(topic.asked)
    topic.notifier.notify(resolved)

    assert before == []
    assert topic.asked == [resolved]


def test_a_change_of_low_urgency_sends_no_email() -> None:
    topic, change = Topic(NIGHT), _change(urgency="low")

    assert not topic.notifier.notify(change)

    assert topic.mailer.sent == []
    assert topic.deliveries.for_incident(change.incident_id) == ()


def test_a_failed_notification_is_recorded_and_raised() -> None:
    topic, change = Topic(HIGH, down=True), _change()

    with pytest.raises(Unavailable) as failed:
        topic.notifier.notify(change)

    (record,) = topic.deliveries.for_incident(change.incident_id)
    assert record.outcome == {"result": "failed", "because": str(failed.value)}
