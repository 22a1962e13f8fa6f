"""``Announce``: what became of each change is told and on record."""

from collections.abc import Sequence

import pytest

from alerta_utec.app.local_broadcast import Announce
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Posted
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries


class Crowd:
    """``Listeners`` to whom this happens."""

    def __init__(self, *outcomes: Posted) -> None:
        self.outcomes = outcomes
        self.told: list[Change] = []

    def tell(self, changes: Sequence[Change]) -> Sequence[Posted]:
        if not self.outcomes:
            raise Unavailable("nobody is there")
        self.told += changes
        return self.outcomes


def changes(count: int) -> list[Change]:
    return [creation().committed(Position("e", number)) for number in range(1, count + 1)]


def test_each_change_is_told_and_its_outcome_recorded() -> None:
    crowd = Crowd(Posted(delivered=3, throttled=("slow",)), Posted(delivered=2, gone=("left",)))
    deliveries = FakeDeliveries()
    announce = Announce(crowd, ManualClock(), Recorder(deliveries))
    first, second = changes(2)

    outcomes = announce([first, second])

    assert crowd.told == [first, second]
    for change, counts in zip((first, second), outcomes, strict=True):
        [record] = deliveries.for_incident(change.incident_id)
        assert (record.channel, record.outcome) == ("broadcast", counts)
    plain = [{name: n for name, n in counts.items() if name != "ms"} for counts in outcomes]
    assert plain == [
        {"attempted": 4, "delivered": 3, "gone": 0, "throttled": 1, "failed": 0},
        {"attempted": 3, "delivered": 2, "gone": 1, "throttled": 0, "failed": 0},
    ]


def test_what_leaves_together_is_one_event_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    crowd = Crowd(Posted(delivered=3, throttled=("slow",)), Posted(delivered=2))
    announce = Announce(crowd, ManualClock(), Recorder(FakeDeliveries()))

    announce(changes(2))

    [event] = [vars(record) for record in caplog.records]
    assert (event["msg"], event["position"], event["changes"]) == ("broadcast", "e:2", 2)
    assert (event["attempted"], event["delivered"], event["throttled"]) == (6, 5, 1)


def test_what_nobody_was_told_is_not_recorded() -> None:
    deliveries = FakeDeliveries()
    announce = Announce(Crowd(), ManualClock(), Recorder(deliveries))
    [change] = changes(1)

    with pytest.raises(Unavailable):
        announce([change])

    assert deliveries.for_incident(change.incident_id) == ()
