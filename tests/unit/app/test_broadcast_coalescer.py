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


class Crowd:
    """``LocalSubscribers``: so many, while so many incidents are being taken in."""

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

    async def heard(self, count: int) -> None:
        """So many changes have been told."""
        async with asyncio.timeout(WAIT_S):
            while sum(map(len, self.groups)) < count:
                self.news.clear()
                await self.news.wait()


def run(
    crowd: Crowd, main: Callable[[BroadcastCoalescer], Awaitable[None]], *, max_bytes: int = ROOM
) -> None:
    async def whole() -> None:
        broadcast = LocalBroadcast(crowd, ManualClock(), Recorder(FakeDeliveries()))
        coalescer = BroadcastCoalescer(
            broadcast, asyncio.get_running_loop(), crowd, max_bytes=max_bytes
        )
        await main(coalescer)

    asyncio.run(whole())


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for longer than a busy machine stands still."""
    monkeypatch.setattr(module, "WAIT_MAX_S", 0.5)


def change(seq: int, **more: str) -> Change:
    return creation(**more).committed(Position("e", seq))


def test_what_comes_before_the_loops_turn_leaves_together() -> None:
    crowd = Crowd()

    async def main(coalescer: BroadcastCoalescer) -> None:
        for seq in range(1, 4):
            coalescer.committed(change(seq))
        await crowd.heard(3)

    run(crowd, main)
    assert crowd.groups == [[1, 2, 3]]


def test_all_of_many_that_other_threads_commit_is_told_in_its_order() -> None:
    crowd, count = Crowd(), 3000
    made = [change(seq) for seq in range(1, count + 1)]

    async def main(coalescer: BroadcastCoalescer) -> None:
        thread = threading.Thread(target=lambda: [coalescer.committed(one) for one in made])
        thread.start()
        await crowd.heard(count)
        await asyncio.to_thread(thread.join)

    run(crowd, main)
    assert [seq for group in crowd.groups for seq in group] == list(range(1, count + 1))
    assert max(map(len, crowd.groups)) <= GROUP_MAX


@pytest.mark.parametrize(("long", "groups"), [(100, [[1, 2, 3, 4]]), (4000, [[1, 2], [3, 4]])])
def test_no_more_bytes_leave_in_one_turn_than_there_is_room_for(
    long: int, groups: list[list[int]]
) -> None:
    crowd = Crowd()

    async def main(coalescer: BroadcastCoalescer) -> None:
        for seq in range(1, 5):
            coalescer.committed(change(seq, description="x" * long))
        await crowd.heard(4)

    run(crowd, main, max_bytes=4 * 4000 + 3000)
    assert crowd.groups == groups


@pytest.mark.parametrize(
    ("clients", "coming", "waits"),
    [
        (1000, 1, False),  # the one that was committed itself
        (1000, 2, True),
        (CLIENTS_PER_INCIDENT, 2, False),  # they are told sooner than another is taken in
        (CLIENTS_PER_INCIDENT + 1, 2, True),
        (0, 2, False),
    ],
)
def test_it_waits_for_those_that_come_where_that_takes_less_than_to_tell(
    clients: int, coming: int, waits: bool
) -> None:
    crowd = Crowd(clients, coming)

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        crowd.coming = 2
        coalescer.committed(change(2))
        await crowd.heard(2)

    run(crowd, main)
    assert crowd.groups == ([[1, 2]] if waits else [[1], [2]])


def test_it_waits_once_and_not_for_long() -> None:
    crowd = Crowd(coming=10)

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await crowd.heard(1)  # though nothing more comes
        for seq in (2, 3, 4):
            coalescer.committed(change(seq))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await crowd.heard(4)

    run(crowd, main)
    assert crowd.groups == [[1], [2, 3], [4]]


def test_one_that_cannot_be_told_leaves_the_next_ones_alone() -> None:
    crowd = Crowd()
    crowd.refusals = 1

    async def main(coalescer: BroadcastCoalescer) -> None:
        coalescer.committed(change(1))
        await asyncio.sleep(0.01)
        coalescer.committed(change(2))
        await crowd.heard(1)

    run(crowd, main)
    assert crowd.groups == [[2]]


def test_what_is_committed_after_the_loop_has_ended_is_no_error() -> None:
    kept: list[BroadcastCoalescer] = []

    async def main(coalescer: BroadcastCoalescer) -> None:
        kept.append(coalescer)

    run(Crowd(), main)
    kept[0].committed(change(1))
