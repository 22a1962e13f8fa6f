"""Fan-out on AWS: a broadcast to more clients than one worker reaches, in shards by a queue."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.app.broadcast import (
    Broadcast,
    delete_gone,
    maybe_connecting,
    outcome_counts,
    send,
    split_by_privacy,
)
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.delivery import PLAN, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.broadcast import Poster, SendResult, ShardQueue
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection, Connections
from alerta_utec.ports.deliveries import ShardRecords
from alerta_utec.ports.incidents import ChangeFeed

log = logging.getLogger(__name__)

# One worker reaches this many in a tenth of a second; a queue needs longer to start.
INLINE_MAX = 250
SHARD_SIZE = 250


@dataclass(frozen=True)
class FanOut:
    """A use case that broadcasts to few recipients directly, and to many through a queue."""

    direct: Broadcast
    queue: ShardQueue
    records: ShardRecords
    clock: Clock
    shuffle: Callable[[list[Connection]], None] = random.shuffle

    def broadcast(self, change: Change, deadline_s: float | None = None) -> dict[str, int]:
        """Send the change to up to 250 recipients, or queue shuffled shards of 250.

        Returns:
            The result of ``Broadcast.broadcast`` if the change was sent; ``{attempted, ms}`` if
            shards were queued: the number of recipients and the time to queue them all.

        Raises:
            Unavailable: no recipient was reached, or some shards may not be queued; repeat the
                whole broadcast.
        """
        started_s, begun_at = time.perf_counter(), self.clock.now()
        recipients = list(self.direct.recipients_of(change))
        if len(recipients) <= INLINE_MAX:
            return self.direct.send_to(recipients, change, deadline_s, started_s=started_s)
        # No client is last in every broadcast.
        self.shuffle(recipients)
        if change.position is None:
            raise ValueError("only a committed change is sent")
        shards = shards_of(change.position, begun_at, recipients)
        self.queue.put(shards)
        ms = round((time.perf_counter() - started_s) * 1000)
        counts = {"attempted": len(recipients), "ms": ms}
        fields = {**change.log_fields(), "shards": len(shards), **counts}
        log.info("fanned_out", extra=fields)
        _record(self.records, shards[0].run, PLAN, change, self.clock.now(), counts)
        return counts


@dataclass(frozen=True)
class SendShard:
    """A use case that sends a change to the connections of one shard."""

    feed: ChangeFeed
    connections: Connections
    poster: Poster
    records: ShardRecords
    clock: Clock

    def send(self, shard: Shard, deadline_s: float | None = None) -> None:
        """Send the shard's change, delete connections that are gone, and record the outcome.

        A shard of another epoch dates from before a restore. Nothing is sent for it, since its
        clients synchronise from the start.

        Raises:
            Unavailable: no recipient was reached, or the change cannot be read; repeat the shard.
        """
        change = self._change_at(shard.position)
        if change is None:
            log.warning("shard_is_of_no_change", extra={"position": str(shard.position)})
            return
        started_s = time.perf_counter()
        try:
            result = send(self.poster, change, shard.private, shard.public, deadline_s)
        except Unavailable:
            self._record(shard, change, SendResult(failed=shard.connection_ids), started_s)
            raise
        delete_gone(self.connections, result.gone, keep=shard.opening)
        self._record(shard, change, result, started_s)

    def _change_at(self, position: Position) -> Change | None:
        found = self.feed.changes(after_seq=position.seq - 1, limit=1)
        return found[0] if found and found[0].position == position else None

    def _record(self, shard: Shard, change: Change, result: SendResult, started_s: float) -> None:
        counts = outcome_counts(result, started_s)
        fields = {**change.log_fields(), "shard": shard.number, "of": shard.of, **counts}
        log.info("shard_sent", extra=fields)
        now = self.clock.now()
        # How long the shard's clients have waited, by the clocks of two workers.
        waited = counts | {"ms": (now - shard.begun_at) // timedelta(milliseconds=1)}
        _record(self.records, shard.run, shard.number, change, now, waited)


def shards_of(
    position: Position,
    begun_at: datetime,
    recipients: Sequence[Connection],
    *,
    heartbeat: bool = False,
) -> Sequence[Shard]:
    """Return the shards of a broadcast of the change at ``position``, or of the heartbeat."""
    run, of = uuid7(begun_at), -(-len(recipients) // SHARD_SIZE)
    shards = []
    for number in range(1, of + 1):
        group = recipients[(number - 1) * SHARD_SIZE : number * SHARD_SIZE]
        private, public = map(tuple, split_by_privacy(group))
        young = tuple(maybe_connecting(group, begun_at))
        shards.append(Shard(position, run, number, of, begun_at, private, public, young, heartbeat))
    return shards


def _record(
    records: ShardRecords,
    run: str,
    number: int,
    change: Change,
    at: datetime,
    counts: dict[str, int],
) -> None:
    """Record one part of the fan-out, best effort: a missing record fails no delivery."""
    try:
        records.record_parts(run, number, [Delivery.of(change, "broadcast", at, counts)])
    except Unavailable:
        log.exception("delivery_not_recorded", extra={"incident_id": change.incident_id})
