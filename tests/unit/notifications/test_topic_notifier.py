"""``TopicNotifier``: changes that call for notifications are sent once and recorded."""

from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.email import compose
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher
from tests.contract.builders import creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.support.fan_out import Broadcasting
from tests.support.temporary_store import TemporaryStore

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)


class Setup:
    """A notifier, and a broadcast to one client, that record their deliveries."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.deliveries = FakeDeliveries()
        self.recorder = Recorder(self.deliveries)
        self.store = TemporaryStore().incidents

    def broadcast_to_one(self, change: Change) -> dict[str, int]:
        broadcasting = Broadcasting()
        broadcasting.clock, broadcasting.deliveries = self.clock, self.deliveries
        broadcasting.connect("a")
        broadcasting.broadcast(change)
        return broadcasting.outcome(change)

    def notifier(self, mailer: FakeMailer) -> TopicNotifier:
        publisher = TopicPublisher(mailer, STYLE, None, cast("Any", None))
        return TopicNotifier(publisher, self.clock, self.recorder)

    def outcomes(self, change: Change) -> dict[str, dict[str, Any]]:
        return {
            d.channel: dict(d.outcome) for d in self.deliveries.for_incident(change.incident_id)
        }

    def commit(self, change: Change) -> Change:
        return self.store.commit(change).change


@pytest.fixture
def setup() -> Setup:
    return Setup()


@pytest.mark.parametrize(("urgency", "sent"), [("low", False), ("medium", True), ("high", True)])
def test_medium_and_high_urgency_are_sent_by_email(setup: Setup, urgency: str, sent: bool) -> None:
    mailer = FakeMailer()
    change = setup.commit(creation(urgency=urgency))

    assert setup.notifier(mailer).notify(change) is sent

    assert [mail.body for mail in mailer.sent] == [compose(change, STYLE).body] * sent


def test_each_rise_of_urgency_is_sent_once(setup: Setup) -> None:
    mailer = FakeMailer()
    notifier = setup.notifier(mailer)
    low = setup.commit(creation())
    medium = setup.commit(update(low.after, urgency=Urgency.MEDIUM))
    noted = setup.commit(update(medium.after, note="sigue"))

    assert [notifier.notify(change) for change in (low, medium, noted)] == [False, True, False]
    assert len(mailer.sent) == 1


def test_an_email_that_cannot_be_sent_is_unavailable(setup: Setup) -> None:
    change = setup.commit(creation(urgency="high"))

    with pytest.raises(Unavailable):
        setup.notifier(FakeMailer(down=True)).notify(change)

    assert setup.outcomes(change)["email"]["result"] == "failed"


def test_broadcast_and_email_are_recorded(setup: Setup) -> None:
    change = setup.commit(creation(urgency="high"))

    counts = setup.broadcast_to_one(change)
    setup.notifier(FakeMailer()).notify(change)

    assert setup.outcomes(change) == {"broadcast": counts, "email": {"result": "sent"}}


def test_a_change_without_an_email_has_no_record_of_one(setup: Setup) -> None:
    change = setup.commit(creation(urgency="low"))

    setup.notifier(FakeMailer()).notify(change)

    assert setup.outcomes(change) == {}
