"""``DeliveryWriter``: no caller waits for the store, and refused records are written later."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from alerta_utec.adapters.sqlite.delivery_writer import QUEUE_MAX, DeliveryWriter
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from tests.contract.builders import T0
from tests.fakes.deliveries import FakeDeliveries

STOP_S = 10.0


class Faulty(FakeDeliveries):
    """``Deliveries`` that refuse a number of writes, and report when they have."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals
        self.refused = threading.Event()

    def record(self, deliveries: Sequence[Delivery]) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            if self.refusals == 0:
                self.refused.set()
            raise Unavailable("locked")
        super().record(deliveries)


def delivery(number: int = 1) -> Delivery:
    return Delivery("i1", number, "broadcast", T0, {"attempted": number})


@pytest.fixture
def faulty() -> Iterator[tuple[Faulty, DeliveryWriter]]:
    """Yield a writer over a store that refuses twice."""
    kept = Faulty(refusals=2)
    writer = DeliveryWriter(kept)
    writer.start()
    yield kept, writer
    writer.stop(STOP_S)


def test_queued_records_are_written_when_the_writer_stops() -> None:
    kept = FakeDeliveries()
    writer = DeliveryWriter(kept)
    writer.start()

    writer.record([delivery(1), delivery(2)])
    writer.stop(STOP_S)

    assert kept.for_incident("i1") == (delivery(1), delivery(2))


def test_records_that_the_store_refused_are_written_later(
    faulty: tuple[Faulty, DeliveryWriter],
) -> None:
    kept, writer = faulty
    writer.record([delivery(1), delivery(2)])
    assert kept.refused.wait(STOP_S)

    writer.record([delivery(3)])
    writer.stop(STOP_S)

    assert kept.for_incident("i1") == (delivery(1), delivery(2), delivery(3))


def test_a_full_queue_refuses_records() -> None:
    writer = DeliveryWriter(Faulty(refusals=10**9))
    for number in range(QUEUE_MAX):
        writer.record([delivery(number)])

    with pytest.raises(Unavailable):
        writer.record([delivery(0)])


def test_the_writer_stops_also_if_the_store_refuses_everything() -> None:
    kept = Faulty(refusals=10**9)
    writer = DeliveryWriter(kept)
    writer.start()
    writer.record([delivery()])

    writer.stop(STOP_S)

    assert not writer.running
    assert kept.for_incident("i1") == ()
