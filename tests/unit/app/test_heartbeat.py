"""The heartbeat on AWS over the fakes."""

import json
from datetime import datetime, timedelta

import pytest

from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.app.heartbeat import POSITION_AGE, USEFUL, Heartbeat, SendHeartbeat
from alerta_utec.app.sessions import expires_at
from alerta_utec.app.shards import INLINE_MAX, SHARD_SIZE
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.ports.connections import Connection
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.metrics import FakeMetrics
from tests.fakes.poster import FakePoster
from tests.fakes.shard_queue import FakeShardQueue

FRAME = {"type": "position", "position": "e1:7"}


class PastFeed:
    """A feed that was at seq 7 for a long time, and has moved on since a moment."""

    def __init__(self, moved_at: datetime) -> None:
        self.moved_at = moved_at

    def position_before(self, moment: datetime) -> Position:
        return Position("e1", 7 if moment < self.moved_at else 8)


class Setup:
    """The heartbeat's use cases over fakes, with the clients of the test."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.connections = FakeConnections(self.clock)
        self.poster = FakePoster()
        self.queue = FakeShardQueue()
        self.metrics = FakeMetrics()
        self.feed = PastFeed(self.clock.now())
        self.direct = SendHeartbeat(self.connections, self.poster, self.metrics, self.clock)
        self.heartbeat = Heartbeat(self.feed, self.queue, self.direct)

    def connect(
        self,
        name: str,
        subprotocol: Subprotocol | None = Subprotocol.V2,
        *,
        age: timedelta = HANDSHAKE_MAX * 2,
        open: bool = True,
    ) -> None:
        opened = self.clock.now() - age
        self.connections.save(Connection(name, opened, expires_at(opened), subprotocol=subprotocol))
        if open:
            self.poster.open[name] = []

    def frames(self, name: str) -> list[dict[str, str]]:
        return [json.loads(frame) for frame in self.poster.open[name]]


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_every_client_with_a_subprotocol_gets_the_position_and_no_other(setup: Setup) -> None:
    setup.connect("new", Subprotocol.V2)
    setup.connect("old", Subprotocol.V1)
    setup.connect("wscat", None)

    setup.heartbeat.send(12.0)

    assert [setup.frames(name) for name in ("new", "old", "wscat")] == [[FRAME], [FRAME], []]
    assert setup.poster.deadlines_s == [12.0]


def test_a_change_that_is_still_being_broadcast_is_not_told(setup: Setup) -> None:
    setup.connect("a")

    setup.heartbeat.send()
    setup.clock.advance(POSITION_AGE)
    setup.heartbeat.send()

    assert [frame["position"] for frame in setup.frames("a")] == ["e1:7", "e1:8"]


def test_it_is_counted_with_the_time_to_its_last_client(setup: Setup) -> None:
    setup.connect("a")

    setup.heartbeat.send()

    assert setup.metrics.sums == {"ms:heartbeat": 0, "beats": 1}


def test_without_clients_it_is_counted_too(setup: Setup) -> None:
    setup.heartbeat.send()

    assert setup.metrics.sums == {"beats": 1}
    assert setup.poster.deadlines_s == []


def test_connections_that_are_gone_are_deleted_unless_they_may_be_opening(setup: Setup) -> None:
    setup.connect("gone", open=False)
    setup.connect("opening", age=timedelta(seconds=1), open=False)
    setup.connect("there")

    setup.heartbeat.send()

    (page,) = setup.connections.pages()
    assert {one.connection_id for one in page} == {"opening", "there"}


def test_many_clients_get_it_in_shards_and_it_counts_once(setup: Setup) -> None:
    names = [f"c{number}" for number in range(2 * SHARD_SIZE + 1)]
    for name in names:
        setup.connect(name)

    setup.heartbeat.send()
    before = {name: setup.frames(name) for name in names}
    setup.clock.advance(timedelta(milliseconds=300))
    shards = list(setup.queue.waiting)
    for shard in shards:
        setup.direct.send(shard)

    assert not any(before.values())
    assert len(shards) == 3
    assert all(shard.heartbeat for shard in shards)
    assert all(setup.frames(name) == [FRAME] for name in names)
    assert setup.metrics.sums == {"beats": 1, "ms:heartbeat": 3 * 300}


def test_the_last_size_without_a_queue(setup: Setup) -> None:
    for number in range(INLINE_MAX):
        setup.connect(f"c{number}")

    setup.heartbeat.send()

    assert setup.queue.waiting == []
    assert len(setup.frames("c0")) == 1


def test_a_shard_that_comes_late_is_dropped(setup: Setup) -> None:
    for number in range(INLINE_MAX + 1):
        setup.connect(f"c{number}")
    setup.heartbeat.send()
    first, second = setup.queue.waiting

    setup.clock.advance(USEFUL)
    setup.direct.send(first)
    setup.clock.advance(timedelta(milliseconds=1))
    setup.direct.send(second)

    told = {f"c{number}" for number in range(INLINE_MAX + 1) if setup.frames(f"c{number}")}
    pages = setup.connections.pages(first.number, first.of)
    assert told == {one.connection_id for page in pages for one in page}


def test_one_that_reaches_no_client_is_neither_counted_nor_repeated(setup: Setup) -> None:
    setup.connect("a")
    setup.poster.down = True

    setup.heartbeat.send()

    assert setup.metrics.sums == {}


def test_a_queue_that_is_down_fails_the_run(setup: Setup) -> None:
    for number in range(INLINE_MAX + 1):
        setup.connect(f"c{number}")
    setup.queue.down = True

    with pytest.raises(Unavailable):
        setup.heartbeat.send()

    assert setup.metrics.sums == {}
