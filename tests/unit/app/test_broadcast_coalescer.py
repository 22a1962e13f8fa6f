"""``BroadcastCoalescer``: changes leave in order; changes that commit together leave together."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from alerta_utec.app import broadcast_coalescer as module
from alerta_utec.app.broadcast_coalescer import CLIENTS_PER_INCIDENT, GROUP_MAX, BroadcastCoalescer
from alerta_utec.app.local_broadcast import LocalBroadcast
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries

WAIT_S = 20
ROOM = 10**9


class FakeSubscribers:
    """``LocalSubscribers`` and ``BroadcastLoad`` with these figures."""

    def __init__(self, clients: int = 1000, coming: int = 0) -> None:
        self.clients, self.coming = clients, coming
        self.groups: list[list[int]] = []
        self.refusals = 0
        self.news = asyncio.Event()

    def broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("nobody is there")
        self.groups.append([change.after.seq for change in changes])
        self.news.set()
        return [SendResult()] * len(changes)

    def subscriber_count(self) -> int:
        return self.clients

    def submissions_in_progress(self) -> int:
        return self.coming

    async def wait_for(self, count: int) -> None:
        """Wait until so many changes have been broadcast."""
        async with asyncio.timeout(WAIT_S):
            while sum(map(len, self.groups)) < count:
                self.news.clear()
                await self.news.wait()


def run(
    subscribers: FakeSubscribers,
    main: Callable[[BroadcastCoalescer], Awaitable[None]],
    *,
    max_bytes: int = ROOM,
) -> None:
    async def whole() -> None:
        broadcast = LocalBroadcast(subscribers, ManualClock(), Recorder(FakeDeliveries()))
        coalescer = BroadcastCoalescer(
            broadcast, asyncio.get_running_loop(), subscribers, max_bytes=max_bytes
        )
        await main(coalescer)

    asyncio.run(whole())


@pytest.fixture(autouse=True)
def long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the coalescer wait for longer than a busy machine stands still."""
    monkeypatch.setattr(module, "WAIT_MAX_S", 0.5)


def change(seq: int, **more: str) -> Change:
    return creation(**more).committed(Position("e", seq))


def test_changes_that_commit_before_the_loops_turn_leave_together() -> None:
    subscribers = FakeSubscribers()

    async def main(coalescer: BroadcastCoalescer) -> None:
        for seq in range(1, 4):
            coalescer.committed(change(seq))
        await subscribers.wait_for(3)

    run(subscribers, main)
    assert subscribers.groups == [[1, 2, 3]]


def test_changes_from_another_thread_are_all_broadcast_in_their_order() -> None:
    subscribers, count = FakeSubscribers(), 3000
    made = [change(seq) for seq in range(1, count + 1)]

    async def main(coalescer: BroadcastCoalescer) -> None:
        thread = threading.Thread(target=lambda: [coalescer.committed(one) for one in made])
        thread.start()
        await subscribers.wait_for(count)
        await asyncio.to_thread(thread.join)

    run(subscribers, main)
    assert [seq for group in subscribers.groups for seq in group] == list(range(1, count + 1))
    assert max(map(len, subscribers.groups)) <= GROUP_MAX


@pytest.mark.parametrize(("long", "groups"), [(100, [[1, 2, 3, 4]]), (4000, [[1, 2], [3, 4]])])
def test_the_frames_of_one_turn_stay_within_the_limit_of_bytes(
    long: int, groups: list[list[int]]
) -> None:
    subscribers = FakeSubscribers()

    async def main(coalescer: BroadcastCoalescer) -> None:
        for seq in range(1, 5):
            coalescer.committed(change(seq, description="x" * long))
        await subscribers.wait_for(4)

    run(subscribers, main, max_bytes=4 * 4000 + 3000)
    assert subscribers.groups == groups


@pytest.mark.parametrize(
    ("clients", "coming", "waits"),
    [
        (1000, 1, False),  # the committed submission itself
        (1000, 2, True),
        (CLIENTS_PER_INCIDENT, 2, False),  # the broadcast takes less time than a submission
        (CLIENTS_PER_INCIDENT + 1, 2, True),
        (0, 2, False),
    ],
)
def test_a_broadcast_waits_for_submissions_that_take_less_time_than_it_does(
    clients: int, coming: int, waits: bool
) -> None:
    subscribers = FakeSubscribers(clients, coming)

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        subscribers.coming = 2
        coalescer.committed(change(2))
        await subscribers.wait_for(2)

    run(subscribers, main)
    assert subscribers.groups == ([[1, 2]] if waits else [[1], [2]])


def test_a_broadcast_waits_once_and_for_a_limited_time() -> None:
    subscribers = FakeSubscribers(coming=10)

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await subscribers.wait_for(1)  # without a further change
        for seq in (2, 3, 4):
            coalescer.committed(change(seq))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await subscribers.wait_for(4)

    run(subscribers, main)
    assert subscribers.groups == [[1], [2, 3], [4]]


def test_a_broadcast_that_fails_does_not_affect_the_next() -> None:
    subscribers = FakeSubscribers()
    subscribers.refusals = 1

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await asyncio.sleep(0.01)
        coalescer.committed(change(2))
        await subscribers.wait_for(1)

    run(subscribers, main)
    assert subscribers.groups == [[2]]


def test_a_commit_after_the_end_of_the_loop_is_no_error() -> None:
    kept: list[BroadcastCoalescer] = []

    async def main(coalescer: BroadcastCoalescer) -> None:
        kept.append(coalescer)

    run(FakeSubscribers(), main)
    kept[0].committed(change(1))
