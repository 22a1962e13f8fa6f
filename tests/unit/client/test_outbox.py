"""The queue of events, and the position that holds once each is read."""

from alerta_utec.client.errors import Disconnected
from alerta_utec.client.events import CaughtUp, Connected, Lost, Reset
from alerta_utec.client.outbox import Outbox
from alerta_utec.domain.change import Position
from tests.unit.client.simulation import FakeFeed


def at(seq: int) -> Position:
    return Position("e1", seq)


def test_a_page_moves_the_position_only_with_its_last_event() -> None:
    service = FakeFeed()
    outbox = Outbox(at(0), 10)
    outbox.put([service.commit(name, open=True) for name in "ab"], at(2))

    positions = [outbox.position]
    for _ in range(2):
        outbox.take()
        positions.append(outbox.position)

    assert positions == [at(0), at(0), at(2)]


def test_a_position_without_an_event_holds_once_the_queue_is_read() -> None:
    outbox = Outbox(at(0), 10)
    outbox.put([FakeFeed().commit("a", open=True)], at(1))

    outbox.put([], at(3))
    before = outbox.position
    outbox.take()
    outbox.put([], at(4))

    assert before == at(0)
    assert outbox.position == at(4)


def test_a_reset_clears_the_position_until_the_snapshot_is_read() -> None:
    service = FakeFeed()
    outbox = Outbox(at(7), 10)
    outbox.put([Reset(at(2)), service.commit("a", open=True)], None)
    outbox.put([service.commit("b", open=True)], at(2))

    positions = []
    while outbox:
        outbox.take()
        positions.append(outbox.position)

    assert positions == [None, None, at(2)]


def test_room_ends_at_the_bound_and_returns_when_half_is_read() -> None:
    service = FakeFeed()
    outbox = Outbox(at(0), 4)

    rooms = []
    for number in range(4):
        outbox.put([service.commit(f"i{number}", open=True)], None)
        rooms.append(outbox.room)
    for _ in range(3):
        outbox.take()
        rooms.append(outbox.room)

    assert rooms == [True, True, True, False, False, True, True]


def test_unread_statuses_take_one_place() -> None:
    outbox = Outbox(at(0), 2)
    outbox.put([FakeFeed().commit(name, open=True) for name in "ab"], at(2))

    for _ in range(100):
        outbox.put([Lost(Disconnected(1006), 0.1)], at(2))
        outbox.put([Connected(again=True), CaughtUp(0, again=True)], at(2))

    assert len(outbox) == 3
    assert [outbox.take() for _ in range(3)][-1] == CaughtUp(0, again=True)
    assert outbox.position == at(2)
