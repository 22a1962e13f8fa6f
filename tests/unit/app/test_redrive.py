"""``Redrive`` over fakes: the changes of a failed batch, and which of them are sent again."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from alerta_utec.app.redrive import PER_READ, SLACK, Redrive, RedriveResult
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.delivery import Consumer, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.failed_batches import StreamBatch
from tests.contract.builders import creation
from tests.fakes.deliveries import FakeDeliveries
from tests.support.temporary_store import TemporaryStore

NOON = datetime(2025, 11, 16, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class FeedToRedrive:
    """A store with changes of known times, and where they are sent."""

    def __init__(self) -> None:
        self.store = TemporaryStore().incidents
        self.deliveries = FakeDeliveries()
        self.sent: list[tuple[Consumer, int]] = []
        self.broken: set[Consumer] = set()
        self.shards: list[Shard] = []

    def commit(self, at: datetime, urgency: str = "high") -> Change:
        return self.store.commit(creation(at=at, urgency=urgency)).change

    def redrive(self, *, dry_run: bool = False) -> Redrive:
        channels: tuple[Consumer, ...] = ("broadcast", "email", "webhooks")
        send = {channel: self._sender(channel) for channel in channels}
        return Redrive(self.store, self.deliveries, send, self._send_shard, dry_run=dry_run)

    def _send_shard(self, shard: Shard) -> None:
        if "broadcast" in self.broken:
            raise Unavailable("broadcast")
        self.shards.append(shard)

    def _sender(self, channel: Consumer) -> Callable[[Change], None]:
        def send(change: Change) -> None:
            if channel in self.broken:
                raise Unavailable(channel)
            self.sent.append((channel, change.after.seq))

        return send


@pytest.fixture
def feed() -> FeedToRedrive:
    return FeedToRedrive()


def pointer(first_at: datetime, last_at: datetime | None = None) -> StreamBatch:
    return StreamBatch(first_at, last_at or first_at, 1)


def seqs(changes: object) -> list[int]:
    return [change.after.seq for change in changes]  # type: ignore[attr-defined]


def test_a_failed_batch_stands_for_the_changes_of_its_time_with_slack(
    feed: FeedToRedrive,
) -> None:
    for minute in range(20):
        feed.commit(NOON + minute * MINUTE)

    found = feed.redrive().meant_by(pointer(NOON + 8 * MINUTE, NOON + 10 * MINUTE))

    assert SLACK == 2 * MINUTE
    assert seqs(found) == [7, 8, 9, 10, 11, 12, 13]


def test_a_change_that_waited_long_for_its_commit_is_found(feed: FeedToRedrive) -> None:
    for second in range(0, 600, 5):
        # Made up to 20 s before it is committed, and so out of order.
        feed.commit(NOON + (second - (second * 7) % 20) * SECOND)
    redrive = feed.redrive()

    for seq in range(1, 121):
        arrived = (NOON + (seq - 1) * 5 * SECOND).replace(microsecond=0)
        assert seq in seqs(redrive.meant_by(pointer(arrived)))


@pytest.mark.parametrize("count", [0, 1, 2, 3, PER_READ, PER_READ + 1])
def test_a_failed_batch_over_all_time_stands_for_all_changes(
    feed: FeedToRedrive, count: int
) -> None:
    for _ in range(count):
        feed.commit(NOON)

    assert seqs(feed.redrive().meant_by(pointer(NOON))) == list(range(1, count + 1))


@pytest.mark.parametrize("at", [NOON - timedelta(days=1), NOON + timedelta(days=1)])
def test_a_failed_batch_of_another_time_stands_for_no_change(
    feed: FeedToRedrive, at: datetime
) -> None:
    feed.commit(NOON)

    assert seqs(feed.redrive().meant_by(pointer(at))) == []


def test_changes_are_read_by_seq_as_far_as_they_exist(feed: FeedToRedrive) -> None:
    for _ in range(5):
        feed.commit(NOON)

    assert seqs(feed.redrive().changes(2, 4)) == [2, 3, 4]
    assert seqs(feed.redrive().changes(4, 900)) == [4, 5]
    assert seqs(feed.redrive().changes(6, 900)) == []


def test_a_change_is_sent_once_on_the_named_channel(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    redrive = feed.redrive()

    first = redrive.again(change, "email", unless_delivered=True)
    second = redrive.again(change, "email", unless_delivered=True)

    assert (first.result, second.result) == (RedriveResult.SENT, RedriveResult.SENT)
    assert (first.known, second.known) == (False, True)
    assert feed.sent == [("email", 1)]


def test_a_change_that_notifies_no_recipient_is_not_emailed(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON, urgency="low")

    step = feed.redrive().again(change, "email", unless_delivered=False)

    assert step.result is RedriveResult.NOT_CALLED_FOR
    assert feed.sent == []


@pytest.mark.parametrize(
    ("channel", "outcome", "result"),
    [
        ("email", {"result": "sent"}, RedriveResult.DELIVERED_BEFORE),
        ("email", {"result": "held", "because": "limit"}, RedriveResult.DELIVERED_BEFORE),
        ("email", {"result": "failed", "because": "x"}, RedriveResult.SENT),
        ("broadcast", {"attempted": 3, "failed": 1}, RedriveResult.DELIVERED_BEFORE),
        ("broadcast", {"attempted": 0, "failed": 0}, RedriveResult.DELIVERED_BEFORE),
        ("broadcast", {"attempted": 3, "failed": 3}, RedriveResult.SENT),
    ],
)
def test_a_change_recorded_as_delivered_is_not_sent_again(
    feed: FeedToRedrive,
    channel: Literal["broadcast", "email"],
    outcome: dict[str, object],
    result: RedriveResult,
) -> None:
    change = feed.commit(NOON)
    feed.deliveries.record([Delivery.of(change, channel, NOON, outcome)])

    step = feed.redrive().again(change, channel, unless_delivered=True)

    assert step.result is result
    assert len(feed.sent) == (result is RedriveResult.SENT)


def test_redriving_to_webhooks_creates_jobs_despite_recorded_deliveries(
    feed: FeedToRedrive,
) -> None:
    change = feed.commit(NOON, urgency="low")

    step = feed.redrive().again(change, "webhooks", unless_delivered=True)

    assert step.result is RedriveResult.QUEUED
    assert feed.sent == [("webhooks", 1)]


def test_records_of_another_channel_or_revision_are_ignored(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    other = dataclasses.replace(Delivery.of(change, "email", NOON, {"result": "sent"}), revision=2)
    feed.deliveries.record([other, Delivery.of(change, "broadcast", NOON, {"attempted": 0})])

    step = feed.redrive().again(change, "email", unless_delivered=True)

    assert step.result is RedriveResult.SENT


def test_a_change_named_by_seq_is_sent_despite_its_record(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    feed.deliveries.record([Delivery.of(change, "email", NOON, {"result": "sent"})])

    step = feed.redrive().again(change, "email", unless_delivered=False)

    assert step.result is RedriveResult.SENT


def test_a_failed_change_is_reported_and_retried_only_by_the_next_run(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    redrive = feed.redrive()
    feed.broken.add("broadcast")

    failed = redrive.again(change, "broadcast", unless_delivered=True)
    feed.broken.clear()
    still = redrive.again(change, "broadcast", unless_delivered=True)
    sent = feed.redrive().again(change, "broadcast", unless_delivered=True)

    assert [step.result for step in (failed, still, sent)] == [
        RedriveResult.FAILED,
        RedriveResult.FAILED,
        RedriveResult.SENT,
    ]


def test_a_dry_run_sends_nothing(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)

    step = feed.redrive(dry_run=True).again(change, "broadcast", unless_delivered=True)

    assert step.result is RedriveResult.DUE
    assert feed.sent == []


def shard_at(*positions: Position | None) -> Shard:
    assert None not in positions
    return Shard(positions, "r", 1, 2, NOON, 1)  # type: ignore[arg-type]  # there is no None


def test_a_shard_is_sent_only_to_its_clients_despite_its_record(feed: FeedToRedrive) -> None:
    changes = [feed.commit(NOON) for _ in range(3)]
    feed.deliveries.record([Delivery.of(changes[0], "broadcast", NOON, {"attempted": 0})])
    shard = shard_at(changes[0].position, changes[2].position)

    steps = feed.redrive().shard(shard)

    assert [(step.change, step.channel, step.result) for step in steps] == [
        (change, "broadcast", RedriveResult.SENT) for change in (changes[0], changes[2])
    ]
    assert (feed.shards, feed.sent) == ([shard], [])


def test_a_failed_shard_is_reported(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    feed.broken.add("broadcast")

    (step,) = feed.redrive().shard(shard_at(change.position))

    assert step.result is RedriveResult.FAILED


def test_a_dry_run_sends_no_shard(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)

    (step,) = feed.redrive(dry_run=True).shard(shard_at(change.position))

    assert step.result is RedriveResult.DUE
    assert feed.shards == []


def test_a_shard_without_a_change_is_skipped(feed: FeedToRedrive) -> None:
    change = feed.commit(NOON)
    assert change.position is not None
    restored, later = Position("other", 1), Position(change.position.epoch, 2)
    beat = replace(shard_at(change.position), heartbeat=True)

    steps = [feed.redrive().shard(one) for one in (shard_at(restored), shard_at(later), beat)]

    assert steps == [(), (), ()]
    assert feed.shards == []
