"""``FanOut`` and ``SendShard`` over the fakes."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.app.broadcast import HANDSHAKE_MAX, Broadcast
from alerta_utec.app.fan_out import INLINE_MAX, SHARD_SIZE, FanOut, SendShard
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import expires_at
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.connections import Connection
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.poster import FakePoster
from tests.fakes.shard_queue import FakeShardQueue
from tests.support.temporary_store import TemporaryStore

SECOND = timedelta(seconds=1)


class House:
    """Everything a fan-out needs, in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.connections = FakeConnections(self.clock)
        self.poster = FakePoster()
        self.deliveries = FakeDeliveries()
        self.queue = FakeShardQueue()
        self.store = TemporaryStore().incidents
        broadcast = Broadcast(self.connections, self.poster, self.clock, Recorder(self.deliveries))
        self.fan_out = FanOut(broadcast, self.queue, self.deliveries, self.clock)
        self.shards = SendShard(
            self.store, self.connections, self.poster, self.deliveries, self.clock
        )

    def connect(
        self,
        name: str,
        *,
        role: Role = Role.ESTUDIANTE,
        age: timedelta = HANDSHAKE_MAX * 2,
        chosen: Filter | None = None,
    ) -> None:
        opened = self.clock.now() - age
        identity = Identity(name, role)
        self.connections.save(
            Connection(name, opened, expires_at(opened), identity, chosen or Filter())
        )
        self.poster.open[name] = []

    def crowd(self, count: int) -> list[str]:
        names = [f"c{number}" for number in range(count)]
        for name in names:
            self.connect(name)
        return names

    def commit(self, **fields: Any) -> Change:
        return self.store.commit(creation(**fields)).change

    def outcome(self, change: Change) -> dict[str, Any]:
        (found,) = self.deliveries.for_incident(change.incident_id)
        return dict(found.outcome)

    def work_off(self) -> None:
        """Send every shard that waits."""
        shards, self.queue.waiting = self.queue.waiting, []
        for shard in shards:
            self.shards.send(shard)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("count", [0, 1, INLINE_MAX - 1, INLINE_MAX])
def test_a_few_are_told_at_once(house: House, count: int) -> None:
    house.crowd(count)

    counts = house.fan_out.broadcast(house.commit())

    assert counts["delivered"] == counts["attempted"] == count
    assert house.queue.waiting == []


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (INLINE_MAX + 1, [250, 1]),
        (2 * SHARD_SIZE, [250, 250]),
        (2 * SHARD_SIZE + 1, [250, 250, 1]),
    ],
)
def test_many_are_told_in_shards_of_250(house: House, count: int, sizes: list[int]) -> None:
    names = house.crowd(count)

    counts = house.fan_out.broadcast(house.commit())
    shards = house.queue.waiting

    assert counts["attempted"] == count
    assert [len(shard.connection_ids) for shard in shards] == sizes
    assert [(s.number, s.of) for s in shards] == [(n + 1, len(sizes)) for n in range(len(sizes))]
    assert len({shard.run for shard in shards}) == 1
    assert sorted(name for shard in shards for name in shard.connection_ids) == sorted(names)
    assert not any(house.poster.open.values())


def test_every_client_of_every_shard_is_told_once(house: House) -> None:
    house.crowd(600)
    change = house.commit(incidentId="i")

    house.fan_out.broadcast(change)
    house.work_off()

    frames = list(house.poster.open.values())
    assert all(len(own) == 1 for own in frames)
    assert len({frame for own in frames for frame in own}) == 1
    assert json.loads(frames[0][0])["position"] == str(change.position)


def test_only_those_whom_it_concerns_are_in_a_shard(house: House) -> None:
    house.crowd(300)
    house.connect("other", chosen=Filter(location=frozenset({"biblioteca"})))

    house.fan_out.broadcast(house.commit())

    assert "other" not in {n for s in house.queue.waiting for n in s.connection_ids}


def test_only_staff_is_told_who_reported_it(house: House) -> None:
    house.crowd(300)
    house.connect("staff", role=Role.PERSONAL)

    house.fan_out.broadcast(house.commit(user="rosa"))
    house.work_off()

    told = {name: json.loads(own[0])["incident"] for name, own in house.poster.open.items()}
    assert {name for name, incident in told.items() if "reportedBy" in incident} == {"staff"}


def test_nobody_is_always_last(house: House) -> None:
    house.crowd(300)
    random.seed(1)

    house.fan_out.broadcast(house.commit())
    house.fan_out.broadcast(house.commit())

    first, _, second, _ = (shard.connection_ids for shard in house.queue.waiting)
    assert first != second
    assert set(first) != set(second)


def test_the_record_adds_up_as_shards_are_sent(house: House) -> None:
    house.crowd(600)
    for name in ("gone", "slow", "broken"):
        house.connect(name)
    del house.poster.open["gone"]
    house.poster.throttled.add("slow")
    house.poster.failed.add("broken")
    change = house.commit()

    house.fan_out.broadcast(change)
    planned = house.outcome(change)
    house.shards.send(house.queue.waiting[0])
    begun = house.outcome(change)
    house.clock.advance(2 * SECOND)
    house.work_off()

    assert (planned["attempted"], planned["pending"], planned["delivered"]) == (603, 603, 0)
    assert (begun["attempted"], begun["pending"]) == (603, 353)
    assert house.outcome(change) == {
        "attempted": 603,
        "delivered": 600,
        "gone": 1,
        "throttled": 1,
        "failed": 1,
        "ms": 2000,
    }


def test_a_shard_that_is_sent_twice_counts_once(house: House) -> None:
    house.crowd(300)
    change = house.commit()
    house.fan_out.broadcast(change)

    for shard in [*house.queue.waiting, *reversed(house.queue.waiting)]:
        house.shards.send(shard)

    assert house.outcome(change)["delivered"] == house.outcome(change)["attempted"] == 300


def test_a_broadcast_that_is_repeated_is_on_record_as_the_last_one(house: House) -> None:
    house.crowd(300)
    change = house.commit()
    house.fan_out.broadcast(change)
    first = house.queue.waiting.copy()
    house.clock.advance(SECOND)
    house.connect("late")
    house.queue.waiting.clear()

    house.fan_out.broadcast(change)
    for shard in first:
        house.shards.send(shard)
    before = house.outcome(change)
    house.work_off()

    assert (before["attempted"], before["pending"]) == (301, 301)
    assert house.outcome(change)["delivered"] == 301


def test_who_is_gone_is_forgotten_unless_still_in_the_handshake(house: House) -> None:
    house.crowd(300)
    house.connect("old", age=HANDSHAKE_MAX + SECOND)
    house.connect("young", age=HANDSHAKE_MAX)
    house.connect("slow")
    del house.poster.open["old"], house.poster.open["young"]
    house.poster.throttled.add("slow")

    house.fan_out.broadcast(house.commit())
    house.clock.advance(60 * SECOND)
    house.work_off()

    left = {c.connection_id for page in house.connections.pages() for c in page}
    assert left & {"old", "young", "slow"} == {"young", "slow"}


def test_where_not_all_can_be_queued_it_is_repeated_whole(house: House) -> None:
    house.crowd(300)
    house.queue.down = True
    change = house.commit()

    with pytest.raises(Unavailable):
        house.fan_out.broadcast(change)

    assert not any(house.poster.open.values())
    assert house.deliveries.for_incident(change.incident_id) == ()


def test_a_shard_of_which_nobody_is_reached_comes_again_and_is_on_record(house: House) -> None:
    house.crowd(300)
    change = house.commit()
    house.fan_out.broadcast(change)
    house.poster.down = True

    with pytest.raises(Unavailable):
        house.shards.send(house.queue.waiting[0])
    failed = house.outcome(change)
    house.poster.down = False
    house.work_off()

    assert (failed["failed"], failed["pending"]) == (250, 50)
    assert (house.outcome(change)["delivered"], house.outcome(change)["failed"]) == (300, 0)


@pytest.mark.parametrize("seq", [1, 2])
def test_a_shard_from_before_a_restore_is_dropped(house: House, seq: int) -> None:
    house.crowd(1)
    change = house.commit()
    assert change.position is not None
    shard = Shard(Position("other", seq), "r", 1, 1, house.clock.now(), (), ("c0",))

    house.shards.send(shard)

    assert house.poster.open == {"c0": []}
    assert house.deliveries.for_incident(change.incident_id) == ()


def test_the_deadline_is_the_posters(house: House) -> None:
    house.crowd(300)

    house.fan_out.broadcast(house.commit(), 17.5)
    house.shards.send(house.queue.waiting[0], 18.5)

    assert house.poster.deadlines_s == [18.5]


def test_a_record_that_cannot_be_kept_holds_up_nothing(house: House) -> None:
    class Full(FakeDeliveries):
        def record_part(self, run: str, number: int, part: Delivery) -> None:
            raise Unavailable("full")

    house.crowd(300)
    broadcast = Broadcast(house.connections, house.poster, house.clock, Recorder(house.deliveries))
    change = house.commit()

    FanOut(broadcast, house.queue, Full(), house.clock).broadcast(change)
    shards = SendShard(house.store, house.connections, house.poster, Full(), house.clock)
    for shard in house.queue.waiting:
        shards.send(shard)

    assert all(len(own) == 1 for own in house.poster.open.values())
