"""When the client connects, syncs, pings and waits, with a manual clock."""

from itertools import pairwise

import pytest

from alerta_utec.client.actions import AskPing, AskSync
from alerta_utec.client.errors import Refused
from alerta_utec.client.events import CaughtUp, Connected, Event, Lost, Renewed, Reset, Update
from tests.unit.client.simulation import LIFE_S, TIMING, Simulation

UNAUTHORIZED = Refused("unauthorized", "")

HEARTBEAT_S = 5.0


def connected(simulation: Simulation) -> int:
    """Open the requested connection, and return its number."""
    simulation.connect(works=True)
    return max(simulation.in_flight)


def answered(simulation: Simulation, link: int) -> None:
    """Answer the oldest request, and deliver the answer."""
    simulation.serve(link)
    simulation.deliver(link, len(simulation.in_flight[link]) - 1)


def caught_up() -> tuple[Simulation, int]:
    """Return a client that has caught up with an empty feed, and its connection."""
    simulation = Simulation()
    link = connected(simulation)
    answered(simulation, link)  # sync
    answered(simulation, link)  # ping
    drain(simulation)
    return simulation, link


def drain(simulation: Simulation) -> list[Event]:
    """Read every event in the outbox, and return them."""
    events: list[Event] = []
    while simulation.outbox:
        event = simulation.outbox.take()
        simulation.reader.read(event)
        events.append(event)
    return events


def test_a_new_client_syncs_a_snapshot_and_then_pings_for_the_expiry() -> None:
    simulation = Simulation()
    simulation.commit("a", open=True, copies=0)

    link = connected(simulation)
    asked = [type(one).__name__ for one in simulation.asked[link]]
    answered(simulation, link)

    kinds = [type(event) for event in drain(simulation)]
    assert asked == ["AskSync"]
    assert kinds == [Connected, Reset, Update, CaughtUp]
    assert [type(one).__name__ for one in simulation.asked[link]] == ["AskPing"]


def test_a_sync_requests_every_page() -> None:
    simulation, link = caught_up()
    simulation.cut(link)
    for number in range(10):
        simulation.commit(f"i{number}", open=True, copies=0)
    drain(simulation)
    simulation.wait(TIMING.first_delay_s)

    link = connected(simulation)
    news = []
    for _ in range(4):
        answered(simulation, link)
        news += drain(simulation)

    assert [type(event) for event in news] == [Connected, *[Update] * 10, CaughtUp]
    assert news[-1] == CaughtUp(recovered=10, again=True)


def test_a_client_from_now_starts_at_the_first_pong() -> None:
    simulation = Simulation(from_now=True)
    simulation.commit("a", open=True, copies=0)

    link = connected(simulation)
    answered(simulation, link)

    assert [type(event) for event in drain(simulation)] == [Connected, CaughtUp]
    assert simulation.outbox.position == simulation.service.head
    assert not simulation.asked[link]


@pytest.mark.parametrize("lag", [0, 1])
def test_an_update_newer_than_the_snapshot_is_synced_at_once(lag: int) -> None:
    simulation = Simulation()
    link = connected(simulation)
    simulation.commit("a", open=True, copies=1)
    simulation.deliver(link, 0)
    simulation.serve(link, lag=lag)
    simulation.commit("b", open=True, copies=1)
    simulation.deliver(link, 1)

    simulation.deliver(link, 0)
    simulation.settle()

    assert simulation.now == 0.0
    assert simulation.reader.held == {"a": 1, "b": 1}


def test_a_missing_update_is_synced_after_a_wait() -> None:
    simulation, link = caught_up()
    simulation.commit("a", open=True, copies=0)
    simulation.commit("b", open=True, copies=1)
    simulation.deliver(link, 0)

    news = drain(simulation)
    patience_s = simulation.machine.wake_at() - simulation.now
    simulation.wait(patience_s - 0.01)
    before = list(simulation.asked[link])
    simulation.wait(0.01)

    assert [type(event) for event in news] == [Update]
    assert TIMING.gap_s <= patience_s <= TIMING.gap_s + TIMING.gap_jitter_s
    assert before == []
    answered(simulation, link)
    assert drain(simulation)[-1] == CaughtUp(recovered=1, again=None)
    assert simulation.reader.held == {"a": 1, "b": 1}
    assert simulation.outbox.position == simulation.service.head


def test_a_late_update_fills_the_gap_without_a_sync() -> None:
    simulation, link = caught_up()
    simulation.commit("a", open=True, copies=1)
    simulation.commit("b", open=True, copies=1)
    simulation.deliver(link, 1)
    simulation.wait(TIMING.gap_s - 0.1)

    simulation.deliver(link, 0)
    simulation.wait(TIMING.gap_jitter_s + 0.2)

    assert not simulation.asked[link]
    assert simulation.outbox or simulation.outbox.position == simulation.service.head


def test_a_sync_that_fills_no_gap_doubles_the_next_wait() -> None:
    simulation, link = caught_up()
    simulation.service.commit("a", open=True)
    phantom = simulation.service.commit("b", open=True)
    simulation.service.steps.clear()
    simulation.in_flight[link].append(phantom)
    simulation.deliver(link, 0)

    asked_at = [simulation.now]
    while len(asked_at) < 7 and simulation.now < LIFE_S * TIMING.renew_from:
        simulation.wait(simulation.machine.wake_at() - simulation.now)
        if any(isinstance(one, AskSync) for one in simulation.asked[link]):
            asked_at.append(simulation.now)
        while simulation.asked[link]:
            answered(simulation, link)

    waits = [later - sooner for sooner, later in pairwise(asked_at)]
    bases = [min(TIMING.max_delay_s, TIMING.gap_s * 2**n) for n in range(len(waits))]
    assert len(waits) >= 6
    for wait, base in zip(waits, bases, strict=True):
        assert base - 0.001 <= wait <= base + TIMING.gap_jitter_s + 0.001


@pytest.mark.parametrize("silent", [True, False])
def test_a_ping_is_sent_only_after_silence(silent: bool) -> None:
    simulation, link = caught_up()

    for _ in range(4):
        simulation.wait(TIMING.ping_every_s * 0.3)
        if not silent:
            simulation.commit("a", open=True, copies=1)
            simulation.deliver(link, 0)

    assert bool(simulation.asked[link]) is silent


def test_a_pong_ahead_of_the_position_counts_as_a_gap() -> None:
    simulation, link = caught_up()
    simulation.commit("a", open=True, copies=0)
    simulation.wait(TIMING.ping_every_s)
    answered(simulation, link)

    simulation.wait(TIMING.gap_s + TIMING.gap_jitter_s)
    answered(simulation, link)

    drain(simulation)
    assert simulation.reader.held == {"a": 1}


def test_a_new_connection_takes_over_only_once_it_has_caught_up() -> None:
    simulation, old = caught_up()
    simulation.wait(LIFE_S * TIMING.renew_from - 0.1)
    early = list(simulation.opening)
    simulation.wait(LIFE_S * (TIMING.renew_to - TIMING.renew_from) + 0.1)

    new = connected(simulation)
    both = sorted(simulation.in_flight)
    simulation.commit("a", open=True, copies=1)
    simulation.deliver(old, 0)
    answered(simulation, new)
    news = drain(simulation)

    assert early == []
    assert both == [old, new]
    assert list(simulation.in_flight) == [new]
    assert [type(event) for event in news] == [Update, Renewed]


def test_an_answer_on_the_old_connection_does_not_count_for_the_new_one() -> None:
    simulation, old = caught_up()
    simulation.wait(LIFE_S * TIMING.renew_to)
    simulation.asked[old].clear()
    simulation.commit("a", open=True, copies=0)
    simulation.commit("b", open=True, copies=1)
    simulation.deliver(old, 0)
    simulation.wait(TIMING.gap_s + TIMING.gap_jitter_s)
    simulation.serve(old)

    new = connected(simulation)
    simulation.deliver(old, 0)
    before = sorted(simulation.in_flight)
    answered(simulation, new)

    assert before == [old, new]
    assert list(simulation.in_flight) == [new]
    drain(simulation)
    assert simulation.reader.held == {"a": 1, "b": 1}


def test_clients_that_connected_together_renew_at_different_times() -> None:
    moments = set()
    for number in range(20):
        simulation = Simulation(jitter=number * 0.37)
        link = connected(simulation)
        answered(simulation, link)
        answered(simulation, link)
        newest = simulation.machine._links.newest
        assert newest is not None
        moments.add(newest.renew_at)

    assert len(moments) == 20
    assert min(moments) >= LIFE_S * TIMING.renew_from
    assert max(moments) <= LIFE_S * TIMING.renew_to
    assert max(moments) - min(moments) > LIFE_S * (TIMING.renew_to - TIMING.renew_from) / 2


def test_a_failed_renewal_is_retried_while_the_old_connection_serves() -> None:
    simulation, _ = caught_up()
    simulation.wait(LIFE_S * TIMING.renew_to)

    simulation.connect(works=False)
    simulation.wait(max(0.0, simulation.machine.wake_at() - simulation.now))

    assert drain(simulation) == []
    assert len(simulation.opening) == 1


def test_the_backoff_grows_to_a_ceiling_and_a_lasting_connection_resets_it() -> None:
    simulation = Simulation()
    waits = []
    for _ in range(40):
        simulation.connect(works=False)
        (lost,) = drain(simulation)
        assert isinstance(lost, Lost)
        waits.append(lost.retry_in_s)
        simulation.wait(lost.retry_in_s)
    link = connected(simulation)
    simulation.wait(TIMING.stable_s)
    simulation.cut(link)

    again = [event for event in drain(simulation) if isinstance(event, Lost)]

    assert all(0 <= wait <= TIMING.max_delay_s for wait in waits)
    assert max(waits) > TIMING.max_delay_s / 2
    assert len(set(waits)) > 30
    assert waits[0] <= TIMING.first_delay_s
    assert again[0].retry_in_s <= TIMING.first_delay_s


def test_a_connection_that_ends_at_once_does_not_reset_the_backoff() -> None:
    simulation = Simulation()
    waits = []
    for _ in range(20):
        simulation.cut(connected(simulation))
        waits += [event.retry_in_s for event in drain(simulation) if isinstance(event, Lost)]
        simulation.wait(waits[-1])

    assert max(waits) > TIMING.max_delay_s / 2


def test_a_client_without_room_requests_nothing_until_the_reader_catches_up() -> None:
    simulation, link = caught_up()
    for number in range(20):
        simulation.commit(f"i{number}", open=True, copies=1)
        simulation.deliver(link, 0)
    waiting = len(simulation.outbox)
    before = list(simulation.asked[link])

    simulation.settle()

    assert simulation.now == 0.0
    assert waiting == 8
    assert before == []
    assert len(simulation.reader.held) == 20
    assert list(simulation.in_flight) == [link]


def beating(heartbeat_s: float = HEARTBEAT_S, *, jitter: float = 0.0) -> tuple[Simulation, int]:
    """Return a caught-up client of a service that sends a heartbeat."""
    simulation = Simulation(jitter=jitter)
    simulation.heartbeat_s = heartbeat_s
    link = connected(simulation)
    answered(simulation, link)  # sync
    answered(simulation, link)  # ping
    drain(simulation)
    return simulation, link


def test_a_client_that_gets_heartbeats_does_not_ping() -> None:
    simulation, link = beating()

    for _ in range(12):
        simulation.wait(HEARTBEAT_S)
        simulation.beat(link)

    assert simulation.asked[link] == []


def test_a_client_pings_soon_after_a_heartbeat_is_missing() -> None:
    simulation, link = beating()

    simulation.wait(HEARTBEAT_S * TIMING.heartbeats_from - 0.1)
    early = list(simulation.asked[link])
    simulation.wait(HEARTBEAT_S * (TIMING.heartbeats_to - TIMING.heartbeats_from) + 0.1)

    assert early == []
    assert [type(one).__name__ for one in simulation.asked[link]] == ["AskPing"]


def test_a_client_of_a_service_without_a_heartbeat_pings_as_before() -> None:
    simulation, link = caught_up()

    simulation.wait(TIMING.ping_every_s * 0.8 - 0.1)
    early = list(simulation.asked[link])
    simulation.wait(TIMING.ping_every_s * 0.2 + 0.1)

    assert early == []
    assert [type(one).__name__ for one in simulation.asked[link]] == ["AskPing"]


def test_a_heartbeat_ahead_of_the_position_counts_as_a_gap_and_is_not_adopted() -> None:
    simulation, link = beating()
    simulation.commit("a", open=True, copies=0)
    before = simulation.machine.feed.position

    simulation.beat(link)
    assert simulation.machine.feed.position == before
    assert simulation.asked[link] == []
    simulation.wait(TIMING.gap_s + TIMING.gap_jitter_s)
    answered(simulation, link)

    drain(simulation)
    assert simulation.reader.held == {"a": 1}


def sync_after_a_heartbeat(jitter: float, *, filtered: bool) -> float:
    """Return how long a client that a heartbeat shows behind waits before it syncs."""
    simulation, link = beating(jitter=jitter)
    simulation.machine.filtered = filtered
    simulation.commit("a", open=True, copies=0)
    simulation.beat(link)
    began = simulation.now
    while not any(isinstance(one, AskSync) for one in simulation.asked[link]):
        simulation.wait(0.1)
        simulation.beat(link)
    return simulation.now - began


def test_filtered_clients_that_a_heartbeat_shows_behind_sync_at_different_times() -> None:
    jitters = [number * 0.37 for number in range(20)]

    waits = [sync_after_a_heartbeat(jitter, filtered=True) for jitter in jitters]
    others = [sync_after_a_heartbeat(jitter, filtered=False) for jitter in jitters]

    usual_s = TIMING.gap_s + TIMING.gap_jitter_s + 0.1
    assert max(others) <= usual_s
    assert TIMING.gap_s <= min(waits)
    assert max(waits) <= usual_s + HEARTBEAT_S
    assert max(waits) - min(waits) > HEARTBEAT_S / 2


def test_a_heartbeat_before_the_first_page_starts_no_second_sync() -> None:
    simulation = Simulation()
    link = connected(simulation)

    simulation.beat(link)
    answered(simulation, link)  # sync
    answered(simulation, link)  # ping
    simulation.wait(TIMING.gap_s + TIMING.gap_jitter_s)

    assert simulation.asked[link] == []


def test_a_client_pings_before_an_idle_connection_is_closed_whatever_the_interval() -> None:
    simulation, link = beating(heartbeat_s=LIFE_S)

    simulation.wait(TIMING.idle_limit_s * TIMING.idle_from)

    assert [type(one) for one in simulation.asked[link]] == [AskPing]


def idle_close(*, own_silence_s: float, code: int) -> tuple[Simulation, int]:
    """Return a client whose connection was closed though it had heartbeats, and the next one."""
    simulation, link = beating()
    for _ in range(round(own_silence_s / HEARTBEAT_S)):
        simulation.wait(HEARTBEAT_S)
        simulation.beat(link)
    simulation.cut(link, code)
    simulation.wait(TIMING.max_delay_s)
    link = connected(simulation)
    answered(simulation, link)  # sync
    answered(simulation, link)  # ping
    return simulation, link


def pings_in_spite_of_heartbeats(simulation: Simulation, link: int) -> bool:
    for _ in range(round(TIMING.ping_every_s / HEARTBEAT_S)):
        simulation.wait(HEARTBEAT_S)
        simulation.beat(link)
    return [type(one) for one in simulation.asked[link]] == [AskPing]


def test_a_client_whose_connection_was_closed_as_idle_pings_from_then_on() -> None:
    simulation, link = idle_close(own_silence_s=TIMING.idle_limit_s, code=1001)

    assert pings_in_spite_of_heartbeats(simulation, link)


@pytest.mark.parametrize(
    ("own_silence_s", "code"),
    [(TIMING.idle_limit_s * 0.9, 1001), (TIMING.idle_limit_s * 1.2, 1001), (60.0, 1006)],
)
def test_another_close_leaves_it_to_the_heartbeat(own_silence_s: float, code: int) -> None:
    simulation, link = idle_close(own_silence_s=own_silence_s, code=code)

    assert not pings_in_spite_of_heartbeats(simulation, link)


def test_a_message_of_the_reader_counts_as_activity_of_the_client() -> None:
    simulation, link = beating()
    simulation.wait(HEARTBEAT_S)
    simulation.machine.sent(link, simulation.now)

    newest = simulation.machine._links.newest
    assert newest is not None
    assert newest.sent_at == simulation.now


def test_a_client_pings_at_once_when_its_machine_wakes_up() -> None:
    simulation, link = beating()
    simulation.wait(1.0)

    simulation.machine.woke(simulation.now)
    simulation.step()
    asked = list(simulation.asked[link])
    answered(simulation, link)

    assert [type(one) for one in asked] == [AskPing]
    assert simulation.asked[link] == []


def test_a_waiting_client_connects_at_once_when_its_machine_wakes_up() -> None:
    simulation = Simulation()
    for _ in range(8):
        simulation.connect(works=False)
        simulation.machine.woke(simulation.now)
        simulation.step()

    assert simulation.now == 0.0
    assert len(simulation.opening) == 1


def test_a_restored_connection_is_renewed_within_the_longest_backoff() -> None:
    simulation, old = beating()
    simulation.commit("a", open=True, copies=0)

    simulation.machine.pong(old, simulation.service.head, LIFE_S, simulation.now, restored=True)
    simulation.wait(TIMING.max_delay_s)
    new = connected(simulation)
    answered(simulation, new)

    assert list(simulation.in_flight) == [new]
    drain(simulation)
    assert simulation.reader.held == {"a": 1}


@pytest.mark.parametrize("asks", ["sync", "ping"])
def test_a_connection_that_is_unknown_to_the_service_is_replaced(asks: str) -> None:
    simulation, link = caught_up()
    if asks == "sync":
        simulation.cut(link)
        simulation.wait(TIMING.first_delay_s)
        link = connected(simulation)
        (asked,) = simulation.asked[link]
        assert isinstance(asked, AskSync)
        simulation.machine.refused(asked, UNAUTHORIZED, simulation.now)
    else:
        simulation.machine.ping_refused(link, UNAUTHORIZED, simulation.now)
    drain(simulation)
    simulation.step()
    simulation.wait(TIMING.max_delay_s)
    simulation.settle()

    assert simulation.machine.failure is None
    assert link not in simulation.in_flight
    assert len(simulation.in_flight) == 1


def test_another_refusal_of_a_ping_shows_that_the_connection_works() -> None:
    simulation, link = beating()
    simulation.machine.ping_refused(link, Refused("unavailable", ""), simulation.now)
    simulation.step()

    assert list(simulation.in_flight) == [link]
