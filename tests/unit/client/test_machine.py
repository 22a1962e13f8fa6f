"""When a follower connects, asks and waits: the clock stands still until it is moved."""

from itertools import pairwise

import pytest

from alerta_utec.client.actions import AskSync
from alerta_utec.client.events import CaughtUp, Connected, Event, Lost, Renewed, Reset, Update
from tests.unit.client.world import LIFE_S, TIMING, World


def connected(world: World) -> int:
    """Open the connection that is asked for; its number."""
    world.connect(works=True)
    return max(world.bags)


def answered(world: World, link: int) -> None:
    """The service answers the oldest request, and the answer arrives."""
    world.serve(link)
    world.deliver(link, len(world.bags[link]) - 1)


def caught_up() -> tuple[World, int]:
    """A follower of an empty feed that has nothing to do."""
    world = World()
    link = connected(world)
    answered(world, link)  # sync
    answered(world, link)  # ping
    drain(world)
    return world, link


def drain(world: World) -> list[Event]:
    """What the reader has to read."""
    events: list[Event] = []
    while world.outbox:
        event = world.outbox.take()
        world.reader.read(event)
        events.append(event)
    return events


def test_it_begins_with_a_snapshot_and_then_asks_how_long_the_connection_lasts() -> None:
    world = World()
    world.commit("a", open=True, copies=0)

    link = connected(world)
    asked = [type(one).__name__ for one in world.asked[link]]
    answered(world, link)

    kinds = [type(event) for event in drain(world)]
    assert asked == ["AskSync"]
    assert kinds == [Connected, Reset, Update, CaughtUp]
    assert [type(one).__name__ for one in world.asked[link]] == ["AskPing"]


def test_pages_are_asked_for_until_there_are_no_more() -> None:
    world, link = caught_up()
    world.cut(link)
    for number in range(10):
        world.commit(f"i{number}", open=True, copies=0)
    drain(world)
    world.wait(TIMING.first_delay_s)

    link = connected(world)
    news = []
    for _ in range(4):
        answered(world, link)
        news += drain(world)

    assert [type(event) for event in news] == [Connected, *[Update] * 10, CaughtUp]
    assert news[-1] == CaughtUp(recovered=10, again=True)


def test_from_now_it_begins_at_the_first_pong() -> None:
    world = World(from_now=True)
    world.commit("a", open=True, copies=0)

    link = connected(world)
    answered(world, link)

    assert [type(event) for event in drain(world)] == [Connected, CaughtUp]
    assert world.outbox.position == world.service.head
    assert not world.asked[link]


@pytest.mark.parametrize("lag", [0, 1])
def test_what_came_before_the_snapshot_and_is_newer_is_asked_for_at_once(lag: int) -> None:
    world = World()
    link = connected(world)
    world.commit("a", open=True, copies=1)
    world.deliver(link, 0)
    world.serve(link, lag=lag)
    world.commit("b", open=True, copies=1)
    world.deliver(link, 1)

    world.deliver(link, 0)
    world.settle()

    assert world.now == 0.0
    assert world.reader.held == {"a": 1, "b": 1}


def test_a_missing_update_is_given_time_and_then_asked_for() -> None:
    world, link = caught_up()
    world.commit("a", open=True, copies=0)
    world.commit("b", open=True, copies=1)
    world.deliver(link, 0)

    news = drain(world)
    patience_s = world.machine.wake_at() - world.now
    world.wait(patience_s - 0.01)
    before = list(world.asked[link])
    world.wait(0.01)

    assert [type(event) for event in news] == [Update]
    assert TIMING.gap_s <= patience_s <= TIMING.gap_s + TIMING.gap_jitter_s
    assert before == []
    answered(world, link)
    assert drain(world)[-1] == CaughtUp(recovered=1, again=None)
    assert world.reader.held == {"a": 1, "b": 1}
    assert world.outbox.position == world.service.head


def test_an_update_that_comes_late_fills_the_gap_and_nothing_is_asked() -> None:
    world, link = caught_up()
    world.commit("a", open=True, copies=1)
    world.commit("b", open=True, copies=1)
    world.deliver(link, 1)
    world.wait(TIMING.gap_s - 0.1)

    world.deliver(link, 0)
    world.wait(TIMING.gap_jitter_s + 0.2)

    assert not world.asked[link]
    assert world.outbox or world.outbox.position == world.service.head


def test_a_request_that_brings_nothing_makes_the_next_one_wait_longer() -> None:
    world, link = caught_up()
    world.service.commit("a", open=True)
    phantom = world.service.commit("b", open=True)
    world.service.steps.clear()
    world.bags[link].append(phantom)
    world.deliver(link, 0)

    asked_at = [world.now]
    while len(asked_at) < 7 and world.now < LIFE_S * TIMING.renew_from:
        world.wait(world.machine.wake_at() - world.now)
        if any(isinstance(one, AskSync) for one in world.asked[link]):
            asked_at.append(world.now)
        while world.asked[link]:
            answered(world, link)

    waits = [later - sooner for sooner, later in pairwise(asked_at)]
    bases = [min(TIMING.max_delay_s, TIMING.gap_s * 2**n) for n in range(len(waits))]
    assert len(waits) >= 6
    for wait, base in zip(waits, bases, strict=True):
        assert base - 0.001 <= wait <= base + TIMING.gap_jitter_s + 0.001


@pytest.mark.parametrize("silent", [True, False])
def test_a_ping_goes_out_only_after_silence(silent: bool) -> None:
    world, link = caught_up()

    for _ in range(4):
        world.wait(TIMING.ping_every_s * 0.3)
        if not silent:
            world.commit("a", open=True, copies=1)
            world.deliver(link, 0)

    assert bool(world.asked[link]) is silent


def test_a_pong_that_is_ahead_counts_as_a_gap() -> None:
    world, link = caught_up()
    world.commit("a", open=True, copies=0)
    world.wait(TIMING.ping_every_s)
    answered(world, link)

    world.wait(TIMING.gap_s + TIMING.gap_jitter_s)
    answered(world, link)

    drain(world)
    assert world.reader.held == {"a": 1}


def test_a_new_connection_takes_over_only_once_it_has_caught_up() -> None:
    world, old = caught_up()
    world.wait(LIFE_S * TIMING.renew_from - 0.1)
    early = list(world.opening)
    world.wait(LIFE_S * (TIMING.renew_to - TIMING.renew_from) + 0.1)

    new = connected(world)
    both = sorted(world.bags)
    world.commit("a", open=True, copies=1)
    world.deliver(old, 0)
    answered(world, new)
    news = drain(world)

    assert early == []
    assert both == [old, new]
    assert list(world.bags) == [new]
    assert [type(event) for event in news] == [Update, Renewed]


def test_what_the_old_connection_still_answers_does_not_count_for_the_new_one() -> None:
    world, old = caught_up()
    world.wait(LIFE_S * TIMING.renew_to)
    world.asked[old].clear()
    world.commit("a", open=True, copies=0)
    world.commit("b", open=True, copies=1)
    world.deliver(old, 0)
    world.wait(TIMING.gap_s + TIMING.gap_jitter_s)
    world.serve(old)

    new = connected(world)
    world.deliver(old, 0)
    before = sorted(world.bags)
    answered(world, new)

    assert before == [old, new]
    assert list(world.bags) == [new]
    drain(world)
    assert world.reader.held == {"a": 1, "b": 1}


def test_clients_that_connected_at_once_do_not_renew_at_once() -> None:
    moments = set()
    for number in range(20):
        world = World(jitter=number * 0.37)
        link = connected(world)
        answered(world, link)
        answered(world, link)
        newest = world.machine._newest()
        assert newest is not None
        moments.add(newest.renew_at)

    assert len(moments) == 20
    assert min(moments) >= LIFE_S * TIMING.renew_from
    assert max(moments) <= LIFE_S * TIMING.renew_to
    assert max(moments) - min(moments) > LIFE_S * (TIMING.renew_to - TIMING.renew_from) / 2


def test_a_renewal_that_fails_is_tried_again_while_the_old_connection_serves() -> None:
    world, _ = caught_up()
    world.wait(LIFE_S * TIMING.renew_to)

    world.connect(works=False)
    world.wait(max(0.0, world.machine.wake_at() - world.now))

    assert drain(world) == []
    assert len(world.opening) == 1


def test_waits_grow_up_to_a_ceiling_and_start_again_after_a_connection_that_lasted() -> None:
    world = World()
    waits = []
    for _ in range(40):
        world.connect(works=False)
        (lost,) = drain(world)
        assert isinstance(lost, Lost)
        waits.append(lost.retry_in_s)
        world.wait(lost.retry_in_s)
    link = connected(world)
    world.wait(TIMING.stable_s)
    world.cut(link)

    again = [event for event in drain(world) if isinstance(event, Lost)]

    assert all(0 <= wait <= TIMING.max_delay_s for wait in waits)
    assert max(waits) > TIMING.max_delay_s / 2
    assert len(set(waits)) > 30
    assert waits[0] <= TIMING.first_delay_s
    assert again[0].retry_in_s <= TIMING.first_delay_s


def test_a_connection_that_ends_at_once_does_not_start_the_waits_again() -> None:
    world = World()
    waits = []
    for _ in range(20):
        world.cut(connected(world))
        waits += [event.retry_in_s for event in drain(world) if isinstance(event, Lost)]
        world.wait(waits[-1])

    assert max(waits) > TIMING.max_delay_s / 2


def test_without_room_nothing_is_asked_for_and_with_room_what_was_let_pass() -> None:
    world, link = caught_up()
    for number in range(20):
        world.commit(f"i{number}", open=True, copies=1)
        world.deliver(link, 0)
    waiting = len(world.outbox)
    before = list(world.asked[link])

    world.settle()

    assert world.now == 0.0
    assert waiting == 8
    assert before == []
    assert len(world.reader.held) == 20
    assert list(world.bags) == [link]
