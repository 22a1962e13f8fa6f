"""Delivering again what was given up, by reading the changes once more."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Consumer, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.failed_batches import FailedBatch
from alerta_utec.ports.incidents import IncidentStore

log = logging.getLogger(__name__)

# A change is made up to 20 s before it is committed and reaches the stream (the commit may have
# to wait), clocks differ, and times are cut to seconds; beyond that, changes follow each other
# in time as in ``seq``.
SLACK = timedelta(minutes=2)
PER_READ = 200
Send = Callable[[Change], object]
SendShard = Callable[[Shard], object]


class Result(Enum):
    """What became of a change on a channel."""

    SENT = "sent"
    # Its webhooks will be told, those that have not been.
    OWED = "owed"
    # On record as delivered already.
    DELIVERED_BEFORE = "delivered_before"
    # Its urgency calls for no e-mail.
    NOT_CALLED_FOR = "not_called_for"
    FAILED = "failed"
    # It would be sent.
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Step:
    """One change on one channel; ``known``: this is how it went the first time."""

    change: Change
    channel: Consumer
    result: Result
    known: bool = False


@dataclass
class Redrive:
    """Sends changes again; each is tried once per channel in the life of this object.

    ``send`` has what a channel is sent by, ``send_shard`` sends to some of a broadcast's clients;
    they raise ``Unavailable`` where that fails.
    """

    store: IncidentStore
    deliveries: Deliveries
    send: Mapping[Consumer, Send]
    send_shard: SendShard
    dry_run: bool = False
    _results: dict[tuple[int, Consumer], Result] = field(default_factory=dict, init=False)

    def changes(self, from_seq: int, to_seq: int) -> Iterator[Change]:
        """The changes with these ``seq``, both included, as far as there are.

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

    def meant_by(self, batch: FailedBatch) -> Iterator[Change]:
        """Every change that the batch may stand for, and some around it.

        A batch knows its place in the stream, which is gone after a day, and not in the feed;
        what the two share is time.

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

        ``unless_delivered``: not where it is on record as delivered.

        Raises:
            Unavailable: the record cannot be read.
        """
        key = (change.after.seq, channel)
        if key in self._results:
            return Step(change, channel, self._results[key], known=True)
        self._results[key] = self._result(change, channel, unless_delivered)
        return Step(change, channel, self._results[key])

    def shard(self, shard: Shard) -> Step | None:
        """Send a change to the shard's connections; none where there is no such change (now).

        Raises:
            Unavailable: the change cannot be read.
        """
        change = next(self.changes(shard.position.seq, shard.position.seq), None)
        if change is None or change.position != shard.position:
            return None
        if self.dry_run:
            return Step(change, "broadcast", Result.DUE)
        return Step(change, "broadcast", self._tried(change, lambda: self.send_shard(shard)))

    def _result(self, change: Change, channel: Consumer, unless_delivered: bool) -> Result:
        if channel == "email" and not change.notifies():
            return Result.NOT_CALLED_FOR
        if unless_delivered and self._is_delivered(change, channel):
            return Result.DELIVERED_BEFORE
        if self.dry_run:
            return Result.DUE
        done = Result.OWED if channel == "webhooks" else Result.SENT
        return self._tried(change, lambda: self.send[channel](change), done)

    def _tried(
        self, change: Change, send: Callable[[], object], done: Result = Result.SENT
    ) -> Result:
        try:
            send()
        except Unavailable:
            log.exception("not_sent", extra={"position": str(change.position)})
            return Result.FAILED
        return done

    def _is_delivered(self, change: Change, channel: Consumer) -> bool:
        return any(
            delivery.channel == channel
            and delivery.revision == change.after.revision
            and _succeeded(delivery)
            for delivery in self.deliveries.for_incident(change.incident_id)
        )

    def _first_since(self, moment: datetime) -> int:
        """The ``seq`` of a change since ``moment`` whose predecessor is from before it."""
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
        # What is held leaves by itself.
        return outcome.get("result") in {"sent", "suppressed", "held"}
    attempted = int(outcome.get("attempted", 0))
    return attempted == 0 or int(outcome.get("failed", 0)) < attempted
