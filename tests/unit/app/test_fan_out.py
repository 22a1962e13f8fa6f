"""Broadcasts on AWS to many clients, in shards."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.app.shards import INLINE_MAX, SHARD_SIZE
from alerta_utec.domain.change import Position
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Role
from alerta_utec.domain.shard import Shard
from alerta_utec.domain.subprotocol import Subprotocol
from tests.fakes.deliveries import FakeDeliveries
from tests.support.fan_out import Broadcasting

SECOND = timedelta(seconds=1)


@pytest.fixture
def setup() -> Broadcasting:
    return Broadcasting()


@pytest.mark.parametrize("count", [0, 1, INLINE_MAX - 1, INLINE_MAX])
def test_few_clients_are_reached_directly(setup: Broadcasting, count: int) -> None:
    setup.connect_many(count)
    change = setup.commit()

    setup.broadcast(change)

    assert setup.counts(change)["delivered"] == setup.counts(change)["attempted"] == count
    assert setup.queue.waiting == []


@pytest.mark.parametrize(
    ("count", "shards"),
    [(INLINE_MAX + 1, 2), (2 * SHARD_SIZE, 2), (2 * SHARD_SIZE + 1, 3), (10 * SHARD_SIZE, 10)],
)
def test_many_clients_are_reached_in_shards_of_about_250(
    setup: Broadcasting, count: int, shards: int
) -> None:
    setup.connect_many(count)
    change = setup.commit()

    setup.broadcast(change)
    waiting = list(setup.queue.waiting)

    assert setup.outcome(change)["attempted"] == setup.outcome(change)["pending"] == count
    assert sorted((one.number, one.of) for one in waiting) == [
        (number, shards) for number in range(1, shards + 1)
    ]
    assert len({one.run for one in waiting}) == 1
    assert {one.positions for one in waiting} == {(change.position,)}
    assert not any(setup.poster.open.values())


def test_every_client_receives_the_changes_of_a_batch_once(setup: Broadcasting) -> None:
    setup.connect_many(600, subprotocol=Subprotocol.V2)
    setup.connect("old")
    changes = [setup.commit() for _ in range(3)]

    setup.broadcast(*changes)
    setup.send_all_shards()

    old = setup.poster.open.pop("old")
    assert [json.loads(frame)["incident"]["seq"] for frame in old] == [1, 2, 3]
    frames = list(setup.poster.open.values())
    assert all(len(own) == 1 for own in frames)
    assert len({own[0] for own in frames}) == 1
    assert json.loads(frames[0][0])["position"] == str(changes[-1].position)
    assert all(setup.counts(change)["delivered"] == 601 for change in changes)


def test_only_clients_with_a_matching_filter_receive_a_change(setup: Broadcasting) -> None:
    setup.connect_many(300)
    other = setup.connect("other", Filter(location=frozenset({"biblioteca"})))
    here, there = setup.commit(), setup.commit(location="Biblioteca")

    setup.broadcast(here, there)
    setup.send_all_shards()

    assert [json.loads(frame)["incident"]["seq"] for frame in other] == [there.after.seq]
    assert setup.counts(here)["delivered"] == 300
    assert setup.counts(there)["delivered"] == 301


def test_only_staff_receive_the_name_of_the_reporter(setup: Broadcasting) -> None:
    setup.connect_many(300)
    setup.connect("staff", role=Role.PERSONAL)

    setup.broadcast(setup.commit(user="rosa"))
    setup.send_all_shards()

    told = {name: json.loads(own[0])["incident"] for name, own in setup.poster.open.items()}
    assert {name for name, incident in told.items() if "reportedBy" in incident} == {"staff"}


def test_no_client_is_last_in_every_broadcast(setup: Broadcasting) -> None:
    setup.connect_many(20 * SHARD_SIZE)
    random.seed(1)

    setup.broadcast(setup.commit())
    first = [shard.number for shard in setup.queue.waiting]
    setup.queue.waiting.clear()
    setup.broadcast(setup.commit())

    assert [shard.number for shard in setup.queue.waiting] != first


def test_the_record_adds_up_as_shards_are_sent(setup: Broadcasting) -> None:
    setup.connect_many(600)
    for name in ("gone", "slow", "broken"):
        setup.connect(name)
    del setup.poster.open["gone"]
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")
    change = setup.commit()

    setup.broadcast(change)
    planned = setup.outcome(change)
    setup.shards.send(setup.queue.waiting[0])
    begun = setup.outcome(change)
    setup.clock.advance(2 * SECOND)
    setup.send_all_shards()

    assert (planned["attempted"], planned["pending"], planned["delivered"]) == (603, 603, 0)
    assert begun["attempted"] == 603
    assert 600 - 250 < begun["pending"] < 603 - 100
    assert setup.outcome(change) == {
        "attempted": 603,
        "delivered": 600,
        "gone": 1,
        "throttled": 1,
        "failed": 1,
        "ms": 2000,
    }


def test_a_shard_that_is_sent_twice_is_counted_once(setup: Broadcasting) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.broadcast(change)

    for shard in [*setup.queue.waiting, *reversed(setup.queue.waiting)]:
        setup.shards.send(shard)

    assert setup.counts(change)["delivered"] == setup.counts(change)["attempted"] == 300


def test_the_record_of_a_repeated_broadcast_is_that_of_the_last_run(setup: Broadcasting) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.broadcast(change)
    first = setup.queue.waiting.copy()
    setup.clock.advance(SECOND)
    setup.connect("late")
    setup.queue.waiting.clear()

    setup.broadcast(change)
    for shard in first:
        setup.shards.send(shard)
    before = setup.outcome(change)
    setup.send_all_shards()

    assert (before["attempted"], before["pending"]) == (301, 301)
    assert setup.outcome(change)["delivered"] == 301


def test_a_gone_connection_is_deleted_unless_it_may_be_in_its_handshake(
    setup: Broadcasting,
) -> None:
    setup.connect_many(300)
    setup.connect("old", age=HANDSHAKE_MAX + SECOND)
    setup.connect("young", age=HANDSHAKE_MAX)
    del setup.poster.open["old"], setup.poster.open["young"]

    setup.broadcast(setup.commit())
    setup.clock.advance(60 * SECOND)
    setup.send_all_shards()

    assert setup.stored() & {"old", "young"} == {"young"}


def test_a_client_that_connected_long_after_the_broadcast_began_is_sent_nothing(
    setup: Broadcasting,
) -> None:
    setup.connect_many(300)
    setup.broadcast(setup.commit())
    setup.clock.advance(HANDSHAKE_MAX)
    young = setup.connect("young", age=0 * SECOND)
    setup.clock.advance(SECOND)
    later = setup.connect("later", age=0 * SECOND)

    setup.send_all_shards()

    assert (len(young), len(later)) == (1, 0)


def test_a_broadcast_whose_shards_cannot_be_queued_is_unavailable(setup: Broadcasting) -> None:
    setup.connect_many(300)
    setup.queue.down = True
    change = setup.commit()

    with pytest.raises(Unavailable):
        setup.broadcast(change)

    assert not any(setup.poster.open.values())
    assert setup.deliveries.for_incident(change.incident_id) == ()


def test_a_shard_that_reaches_no_client_is_recorded_and_can_be_repeated(
    setup: Broadcasting,
) -> None:
    setup.connect_many(300)
    change = setup.commit()
    setup.broadcast(change)
    setup.poster.down = True

    with pytest.raises(Unavailable):
        setup.shards.send(setup.queue.waiting[0])
    failed = setup.outcome(change)
    setup.poster.down = False
    setup.send_all_shards()

    assert failed["failed"] + failed["pending"] == 300
    assert failed["failed"] > 0
    assert (setup.outcome(change)["delivered"], setup.outcome(change)["failed"]) == (300, 0)


@pytest.mark.parametrize("position", [Position("other", 1), Position("other", 2)])
def test_a_shard_from_before_a_restore_is_dropped(setup: Broadcasting, position: Position) -> None:
    setup.connect_many(1)
    change = setup.commit()

    setup.shards.send(Shard((position,), "r", 1, 1, setup.clock.now(), 1))

    assert setup.poster.open == {"c0": []}
    assert setup.deliveries.for_incident(change.incident_id) == ()


def test_the_changes_that_a_restore_has_kept_are_sent(setup: Broadcasting) -> None:
    (name,) = setup.connect_many(1)
    changes = [setup.commit() for _ in range(4)]
    positions = [change.position or Position("", 0) for change in changes]
    positions[1] = Position("other", 2)

    setup.shards.send(Shard(tuple(positions), "r", 1, 1, setup.clock.now(), 1))

    seqs = [json.loads(frame)["incident"]["seq"] for frame in setup.poster.open[name]]
    assert seqs == [1, 3, 4]


def test_the_poster_receives_the_deadline(setup: Broadcasting) -> None:
    setup.connect_many(300)

    setup.broadcast(setup.commit(), deadline_s=17.5)
    setup.shards.send(setup.queue.waiting[0], 18.5)

    assert setup.poster.deadlines_s == [18.5]


def test_a_full_record_fails_no_delivery(setup: Broadcasting) -> None:
    class Full(FakeDeliveries):
        def record_parts(self, run: str, number: int, parts: Sequence[Delivery]) -> None:
            raise Unavailable("full")

    setup.deliveries = Full()
    setup.connect_many(300)

    setup.broadcast(setup.commit())
    setup.send_all_shards()

    assert all(len(own) == 1 for own in setup.poster.open.values())
