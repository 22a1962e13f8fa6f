"""``FanOut`` and ``SendShard`` over the fakes."""

import json
import random
from collections.abc import Sequence
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


class Setup:
    """The fan-out's use cases over fakes, with the clients of the test."""

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

    def connect_many(self, count: int) -> list[str]:
        names = [f"c{number}" for number in range(count)]
        for name in names:
            self.connect(name)
        return names

    def commit(self, **fields: Any) -> Change:
        return self.store.commit(creation(**fields)).change

    def outcome(self, change: Change) -> dict[str, Any]:
        (found,) = self.deliveries.for_incident(change.incident_id)
        return dict(found.outcome)

    def send_all_shards(self) -> None:
        """Send every queued shard."""
        shards, self.queue.waiting = self.queue.waiting, []
        for shard in shards:
            self.shards.send(shard)


@pytest.fixture
def setup() -> Setup:
    return Setup()


@pytest.mark.parametrize("count", [0, 1, INLINE_MAX - 1, INLINE_MAX])
def test_few_recipients_are_reached_directly(setup: Setup, count: int) -> None:
    setup.connect_many(count)

    counts = setup.fan_out.broadcast(setup.commit())

    assert counts["delivered"] == counts["attempted"] == count
    assert setup.queue.waiting == []


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (INLINE_MAX + 1, [250, 1]),
        (2 * SHARD_SIZE, [250, 250]),
        (2 * SHARD_SIZE + 1, [250, 250, 1]),
    ],
)
def test_many_recipients_are_reached_in_shards_of_250(
    setup: Setup, count: int, sizes: list[int]
) -> None:
    names = setup.connect_many(count)

    counts = setup.fan_out.broadcast(setup.commit())
    shards = setup.queue.waiting

    assert counts["attempted"] == count
    assert [len(shard.connection_ids) for shard in shards] == sizes
    assert [(s.number, s.of) for s in shards] == [(n + 1, len(sizes)) for n in range(len(sizes))]
    assert len({shard.run for shard in shards}) == 1
    assert sorted(name for shard in shards for name in shard.connection_ids) == sorted(names)
    assert not any(setup.poster.open.values())


def test_every_client_of_every_shard_receives_the_change_once(setup: Setup) -> None:
    setup.connect_many(600)
    change = setup.commit(incidentId="i")

    setup.fan_out.broadcast(change)
    setup.send_all_shards()

    frames = list(setup.poster.open.values())
    assert all(len(own) == 1 for own in frames)
    assert len({frame for own in frames for frame in own}) == 1
    assert json.loads(frames[0][0])["position"] == str(change.position)


def test_only_recipients_with_a_matching_filter_are_in_a_shard(setup: Setup) -> None:
    setup.connect_many(300)
    setup.connect("other", chosen=Filter(location=frozenset({"biblioteca"})))

    setup.fan_out.broadcast(setup.commit())

    assert "other" not in {n for s in setup.queue.waiting for n in s.connection_ids}


def test_only_staff_receive_the_name_of_the_reporter(setup: Setup) -> None:
    setup.connect_many(300)
    setup.connect("staff", role=Role.PERSONAL)

    setup.fan_out.broadcast(setup.commit(user="rosa"))
    setup.send_all_shards()

    told = {name: json.loads(own[0])["incident"] for name, own in setup.poster.open.items()}
    assert {name for name, incident in told.items() if "reportedBy" in incident} == {"staff"}


def test_no_client_is_last_in_every_broadcast(setup: Setup) -> None:
    setup.connect_many(300)
    random.seed(1)

    setup.fan_out.broadcast(setup.commit())
    setup.fan_out.broadcast(setup.commit())

    first, _, second, _ = (shard.connection_ids for shard in setup.queue.waiting)
    assert first != second
    assert set(first) != set(second)


def test_the_record_adds_up_as_shards_are_sent(setup: Setup) -> None:
    setup.connect_many(600)
    for name in ("gone", "slow", "broken"):
        setup.connect(name)
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")
    change = setup.commit()

    setup.fan_out.broadcast(change)
    planned = setup.outcome(change)
    setup.shards.send(setup.queue.waiting[0])
    begun = setup.outcome(change)
    setup.clock.advance(2 * SECOND)
    setup.send_all_shards()

    assert (planned["attempted"], planned["pending"], planned["delivered"]) == (603, 603, 0)
    assert (begun["attempted"], begun["pending"]) == (603, 353)
    assert setup.outcome(change) == {
        "attempted": 603,
        "delivered": 600,
        "gone": 1,
        "throttled": 1,
        "failed": 1,
        "ms": 2000,
    }


def test_a_shard_that_is_sent_twice_is_counted_once(setup: Setup) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.fan_out.broadcast(change)

    for shard in [*setup.queue.waiting, *reversed(setup.queue.waiting)]:
        setup.shards.send(shard)

    assert setup.outcome(change)["delivered"] == setup.outcome(change)["attempted"] == 300


def test_the_record_of_a_repeated_broadcast_is_that_of_the_last_run(setup: Setup) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.fan_out.broadcast(change)
    first = setup.queue.waiting.copy()
    setup.clock.advance(SECOND)
    setup.connect("late")
    setup.queue.waiting.clear()

    setup.fan_out.broadcast(change)
    for shard in first:
        setup.shards.send(shard)
    before = setup.outcome(change)
    setup.send_all_shards()

    assert (before["attempted"], before["pending"]) == (301, 301)
    assert setup.outcome(change)["delivered"] == 301


def test_a_gone_connection_is_deleted_unless_it_may_be_in_its_handshake(setup: Setup) -> None:
    setup.connect_many(300)
    setup.connect("old", age=HANDSHAKE_MAX + SECOND)
    setup.connect("young", age=HANDSHAKE_MAX)
    setup.connect("slow")
    del setup.poster.open["old"], setup.poster.open["young"]
    setup.poster.throttled.add("slow")

    setup.fan_out.broadcast(setup.commit())
    setup.clock.advance(60 * SECOND)
    setup.send_all_shards()

    left = {c.connection_id for page in setup.connections.pages() for c in page}
    assert left & {"old", "young", "slow"} == {"young", "slow"}


def test_a_broadcast_whose_shards_cannot_be_queued_is_unavailable(setup: Setup) -> None:
    setup.connect_many(300)
    setup.queue.down = True
    change = setup.commit()

    with pytest.raises(Unavailable):
        setup.fan_out.broadcast(change)

    assert not any(setup.poster.open.values())
    assert setup.deliveries.for_incident(change.incident_id) == ()


def test_a_shard_that_reaches_no_client_is_recorded_and_can_be_repeated(setup: Setup) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.fan_out.broadcast(change)
    setup.poster.down = True

    with pytest.raises(Unavailable):
        setup.shards.send(setup.queue.waiting[0])
    failed = setup.outcome(change)
    setup.poster.down = False
    setup.send_all_shards()

    assert (failed["failed"], failed["pending"]) == (250, 50)
    assert (setup.outcome(change)["delivered"], setup.outcome(change)["failed"]) == (300, 0)


@pytest.mark.parametrize("seq", [1, 2])
def test_a_shard_from_before_a_restore_is_dropped(setup: Setup, seq: int) -> None:
    setup.connect_many(1)
    change = setup.commit()
    assert change.position is not None
    shard = Shard(Position("other", seq), "r", 1, 1, setup.clock.now(), (), ("c0",))

    setup.shards.send(shard)

    assert setup.poster.open == {"c0": []}
    assert setup.deliveries.for_incident(change.incident_id) == ()


def test_the_poster_receives_the_deadline(setup: Setup) -> None:
    setup.connect_many(300)

    setup.fan_out.broadcast(setup.commit(), 17.5)
    setup.shards.send(setup.queue.waiting[0], 18.5)

    assert setup.poster.deadlines_s == [18.5]


def test_a_full_record_fails_no_delivery(setup: Setup) -> None:
    class Full(FakeDeliveries):
        def record_parts(self, run: str, number: int, parts: Sequence[Delivery]) -> None:
            raise Unavailable("full")

    setup.connect_many(300)
    broadcast = Broadcast(setup.connections, setup.poster, setup.clock, Recorder(setup.deliveries))
    change = setup.commit()

    FanOut(broadcast, setup.queue, Full(), setup.clock).broadcast(change)
    shards = SendShard(setup.store, setup.connections, setup.poster, Full(), setup.clock)
    for shard in setup.queue.waiting:
        shards.send(shard)

    assert all(len(own) == 1 for own in setup.poster.open.values())
