"""``LocalBroadcast``: the outcome of each change is returned and recorded."""

from collections.abc import Sequence

import pytest

from alerta_utec.app.local_broadcast import LocalBroadcast
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries


class FakeSubscribers:
    """``LocalSubscribers`` with these results, or ``Unavailable`` without any."""

    def __init__(self, *outcomes: SendResult) -> None:
        self.outcomes = outcomes
        self.received: list[Change] = []

    def broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        if not self.outcomes:
            raise Unavailable("nobody is there")
        self.received += changes
        return self.outcomes


def changes(count: int) -> list[Change]:
    return [creation().committed(Position("e", number)) for number in range(1, count + 1)]


def test_each_change_is_broadcast_and_its_outcome_recorded() -> None:
    subscribers = FakeSubscribers(
        SendResult(delivered=3, throttled=("slow",)), SendResult(delivered=2, gone=("left",))
    )
    deliveries = FakeDeliveries()
    broadcast = LocalBroadcast(subscribers, ManualClock(), Recorder(deliveries))
    first, second = changes(2)

    outcomes = broadcast.broadcast([first, second])

    assert subscribers.received == [first, second]
    for change, counts in zip((first, second), outcomes, strict=True):
        [record] = deliveries.for_incident(change.incident_id)
        assert (record.channel, record.outcome) == ("broadcast", counts)
    plain = [{name: n for name, n in counts.items() if name != "ms"} for counts in outcomes]
    assert plain == [
        {"attempted": 4, "delivered": 3, "gone": 0, "throttled": 1, "failed": 0},
        {"attempted": 3, "delivered": 2, "gone": 1, "throttled": 0, "failed": 0},
    ]


def test_changes_that_leave_together_are_one_log_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    subscribers = FakeSubscribers(
        SendResult(delivered=3, throttled=("slow",)), SendResult(delivered=2)
    )
    broadcast = LocalBroadcast(subscribers, ManualClock(), Recorder(FakeDeliveries()))

    broadcast.broadcast(changes(2))

    [event] = [vars(record) for record in caplog.records]
    assert (event["msg"], event["position"], event["changes"]) == ("broadcast", "e:2", 2)
    assert (event["attempted"], event["delivered"], event["throttled"]) == (6, 5, 1)


def test_a_failed_broadcast_is_not_recorded() -> None:
    deliveries = FakeDeliveries()
    broadcast = LocalBroadcast(FakeSubscribers(), ManualClock(), Recorder(deliveries))
    [change] = changes(1)

    with pytest.raises(Unavailable):
        broadcast.broadcast([change])

    assert deliveries.for_incident(change.incident_id) == ()
