"""One change on every way out that it has on AWS, over fakes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.adapters.aws.dynamodb.items import change_from_image, change_item
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.records import Recorder
from alerta_utec.app.send_shard import SendShard
from alerta_utec.app.shards import INLINE_MAX
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.relay import RelayedChanges
from alerta_utec.handlers.stream import StreamConsumer
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import Hold, HoldReason
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher
from alerta_utec.notifications.topic_digests import TopicDigestSender
from alerta_utec.notifications.topic_ports import Digest
from alerta_utec.ports.connections import Connection
from alerta_utec.webhooks.job import PostResult
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.fakes.poster import FakePoster
from tests.fakes.shard_queue import FakeShardQueue
from tests.unit.webhooks.rig import Rig

REQUEST = "BFHPhfCWIAMCKlQ="
POSITION = Position("22a192327d34", 41)
LIMA = ZoneInfo("America/Lima")
HOUR = timedelta(hours=1)


def stored_change() -> Mapping[str, Any]:
    """Return the item of a change that a request has made, as the stream has it."""
    change = replace(creation(urgency="high"), request_id=REQUEST).committed(POSITION)
    return change_item(change, POSITION, feed="main", commit_id="c")


@dataclass(frozen=True)
class OneChange:
    """A feed with one change."""

    change: Change

    def epoch(self) -> str | None:
        return POSITION.epoch

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        assert (after_seq, limit) == (POSITION.seq - 1, 1)
        return [self.change]

    def changes_at(self, seqs: Sequence[int]) -> Sequence[Change]:
        return [self.change for _ in seqs]

    def changes_before(self, change: Change) -> Sequence[Change]:
        return []


class HoldsOnce:
    """A throttle that holds everything until it is released, and its digests."""

    def __init__(self) -> None:
        self.store = self
        self.digest: Digest | None = None

    def admit(self, change: Change, recipients: Sequence[str]) -> Mapping[str, Hold]:
        self.digest = Digest({change.after.seq: HoldReason.GROUPED}, T0, 0, 0)
        return dict.fromkeys(recipients, Hold(HoldReason.GROUPED, T0 + HOUR))

    def held(self, _recipient: str) -> tuple[None, Sequence[object]]:
        return None, ()

    def pending(self, _recipient: str, _now: datetime) -> Sequence[Digest]:
        return [self.digest] if self.digest else []

    def claim(self, _recipient: str, _digest: Digest, _until: datetime) -> bool:
        return True

    def mark_sent(self, _recipient: str, _digest: Digest) -> None:
        self.digest = None

    def is_published(self, _recipient: str, _seq: int) -> bool:
        return False

    def mark_published(self, _recipient: str, _seq: int) -> None:
        raise Unavailable("not remembered")


class Trail:
    """The consumers of one change; each method is one way that it takes."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.image = stored_change()
        self.change = change_from_image(self.image)
        self.feed: Any = OneChange(self.change)
        self.recorder = Recorder(FakeDeliveries())

    def broadcast(self, clients: int = 1) -> None:
        """Send it to its clients, in shards if there are many."""
        connections, poster, queue = FakeConnections(self.clock), FakePoster(), FakeShardQueue()
        for number in range(clients):
            name = f"c{number}"
            connections.save(Connection(name, T0 - HOUR, T0 + HOUR))
            poster.open[name] = []
        shards = SendShard(self.feed, connections, poster, queue, FakeDeliveries(), self.clock)
        FanOut(shards).broadcast([self.change])
        for shard in queue.waiting:
            shards.send(shard)

    def broadcast_to_many(self) -> None:
        """Send it to more clients than one worker reaches."""
        self.broadcast(INLINE_MAX + 1)

    def fail(self) -> None:
        """Fail to consume its record of the stream."""

        def consume(_consumed: object, _deadline_s: float | None) -> None:
            raise Unavailable("not now")

        records = [{"dynamodb": {"NewImage": self.image, "SequenceNumber": "1"}}]
        with suppress(Unavailable):
            StreamConsumer(change_from_image, consume).handle({"Records": records})

    def fail_relayed(self) -> None:
        """Fail to consume it from a queue of the relay."""

        def consume(_change: Change) -> None:
            raise Unavailable("not now")

        with suppress(Unavailable):
            RelayedChanges(lambda _: self.change, consume).consume(POSITION, None)

    def email(self) -> None:
        """E-mail it at once, without being able to remember that."""
        self._notifier(HoldsOnce(), held=False).notify(self.change)

    def hold_and_send(self) -> None:
        """Hold its e-mail, and send it in a digest."""
        throttle: Any = HoldsOnce()
        notifier = self._notifier(throttle, held=True)
        notifier.notify(self.change)
        TopicDigestSender(
            throttle, throttle, notifier.publisher, self.feed, self.clock, self.recorder
        ).send_due()

    def webhooks(self) -> None:
        """Post it to a webhook: once in vain, and once with success."""
        rig = Rig()
        job = replace(rig.pending_job(rig.add()), change=self.change)
        rig.sender.results = [PostResult(500), PostResult(200)]
        rig.delivery.deliver(job)
        rig.delivery.deliver(job)

    def _notifier(self, throttle: Any, *, held: bool) -> TopicNotifier:
        publisher = TopicPublisher(FakeMailer(), MessageStyle(LIMA), None, self.feed)
        chosen = throttle if held else None
        return TopicNotifier(publisher, self.clock, self.recorder, throttle, chosen)


# By the events that each way logs.
WAYS: Mapping[Callable[[Trail], None], frozenset[str]] = {
    Trail.broadcast: frozenset({"broadcast"}),
    Trail.broadcast_to_many: frozenset({"fanned_out", "shard_sent"}),
    Trail.fail: frozenset({"record_failed"}),
    Trail.fail_relayed: frozenset({"change_not_consumed"}),
    Trail.email: frozenset({"email_sent", "not_remembered"}),
    Trail.hold_and_send: frozenset({"notification_held", "digest_sent", "email_sent"}),
    Trail.webhooks: frozenset({"webhook_not_sent", "webhook_sent"}),
}
