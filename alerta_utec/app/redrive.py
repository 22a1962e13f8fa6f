"""Redriving: sending changes again after their delivery was given up."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.delivery import Consumer, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.failed_batches import StreamBatch
from alerta_utec.ports.incidents import IncidentStore

log = logging.getLogger(__name__)

# A change is timed up to 30 s before its commit reaches the stream (the commit may wait), clocks
# differ, and times are cut to seconds. Beyond this slack, changes have the order of their ``seq``.
SLACK = timedelta(minutes=2)
PER_READ = 200
Send = Callable[[Change], object]
SendShard = Callable[[Shard], object]


class RedriveResult(Enum):
    """The result of redriving a change on a channel."""

    SENT = "sent"
    # Jobs exist for each of its webhooks that has not had it.
    QUEUED = "owed"
    # Recorded as delivered already.
    DELIVERED_BEFORE = "delivered_before"
    # Its urgency calls for no e-mail.
    NOT_CALLED_FOR = "not_called_for"
    FAILED = "failed"
    # A dry run: it would be sent.
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Step:
    """One change on one channel; ``known``: the result is that of an earlier attempt."""

    change: Change
    channel: Consumer
    result: RedriveResult
    known: bool = False


@dataclass
class Redrive:
    """Sends changes again, each of them once per channel in the life of this object.

    ``send``: sends a change on a channel; ``send_shard``: sends some to a part of a broadcast's
    clients. Both raise ``Unavailable`` on failure.
    """

    store: IncidentStore
    deliveries: Deliveries
    send: Mapping[Consumer, Send]
    send_shard: SendShard
    dry_run: bool = False
    _results: dict[tuple[int, Consumer], RedriveResult] = field(default_factory=dict, init=False)

    def changes(self, from_seq: int, to_seq: int) -> Iterator[Change]:
        """Yield the changes from one ``seq`` to another, both included, as far as they exist.

        Raises:
            Unavailable.
        """
        after_seq = from_seq - 1
        while after_seq < to_seq:
            limit = min(PER_READ, to_seq - after_seq)
            found = self.store.changes(after_seq=after_seq, limit=limit)
            if not found:
                return
            yield from found
            after_seq = found[-1].after.seq

    def change_at(self, position: Position) -> Change | None:
        """Return the change, or ``None`` if it no longer exists.

        Raises:
            Unavailable.
        """
        change = next(self.changes(position.seq, position.seq), None)
        return change if change is not None and change.position == position else None

    def meant_by(self, batch: StreamBatch) -> Iterator[Change]:
        """Yield every change that the batch may have held, and some around it.

        A batch records its place in the stream, which is gone after a day, and not in the feed;
        only the time of its records relates the two.

        Raises:
            Unavailable.
        """
        first = self._first_since(batch.first_at - SLACK)
        for change in self.changes(first, self.store.position().seq):
            if change.at > batch.last_at + SLACK:
                return
            yield change

    def again(self, change: Change, channel: Consumer, *, unless_delivered: bool) -> Step:
        """Send the change on the channel, as its consumer would.

        ``unless_delivered``: skip it if it is recorded as delivered.

        Raises:
            Unavailable: the record cannot be read.
        """
        key = (change.after.seq, channel)
        if key in self._results:
            return Step(change, channel, self._results[key], known=True)
        self._results[key] = self._result(change, channel, unless_delivered)
        return Step(change, channel, self._results[key])

    def shard(self, shard: Shard) -> Sequence[Step]:
        """Send a shard's changes to its connections.

        Returns:
            A step for each change; none for changes that no longer exist, and for a heartbeat.

        Raises:
            Unavailable: the changes cannot be read.
        """
        first, last = shard.positions[0].seq, shard.positions[-1].seq
        changes = [one for one in self.changes(first, last) if one.position in shard.positions]
        if shard.heartbeat or not changes:
            return ()
        result = RedriveResult.DUE
        if not self.dry_run:
            result = self._attempt(changes[-1], lambda: self.send_shard(shard))
        return [Step(change, "broadcast", result) for change in changes]

    def _result(self, change: Change, channel: Consumer, unless_delivered: bool) -> RedriveResult:
        if channel == "email" and not change.notifies():
            return RedriveResult.NOT_CALLED_FOR
        if unless_delivered and self._is_delivered(change, channel):
            return RedriveResult.DELIVERED_BEFORE
        if self.dry_run:
            return RedriveResult.DUE
        done = RedriveResult.QUEUED if channel == "webhooks" else RedriveResult.SENT
        return self._attempt(change, lambda: self.send[channel](change), done)

    def _attempt(
        self, change: Change, send: Callable[[], object], done: RedriveResult = RedriveResult.SENT
    ) -> RedriveResult:
        try:
            send()
        except Unavailable:
            log.exception("not_sent", extra=change.log_fields())
            return RedriveResult.FAILED
        return done

    def _is_delivered(self, change: Change, channel: Consumer) -> bool:
        revision = change.after.revision
        found = self.deliveries.for_incident(change.incident_id, range(revision, revision + 1))
        return any(one.channel == channel and _succeeded(one) for one in found)

    def _first_since(self, moment: datetime) -> int:
        """Return the ``seq`` of a change since ``moment`` whose predecessor is older."""
        low, high = 1, self.store.position().seq + 1
        while low < high:
            middle = (low + high) // 2
            found = self.store.changes(after_seq=middle - 1, limit=1)
            if found and found[0].at < moment:
                low = middle + 1
            else:
                high = middle
        return low


def _succeeded(delivery: Delivery) -> bool:
    outcome = delivery.outcome
    if delivery.channel == "email":
        # Held e-mails leave by themselves.
        return outcome.get("result") in {"sent", "suppressed", "held"}
    attempted = int(outcome.get("attempted", 0))
    return attempted == 0 or int(outcome.get("failed", 0)) < attempted
