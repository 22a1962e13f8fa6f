"""Broadcasting to more clients than one worker reaches at once: in shards, by a queue."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.app.broadcast import Broadcast, audiences, counted, forget, opening, post
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.delivery import PLAN, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.shard import Shard
from alerta_utec.ports import (
    ChangeFeed,
    Clock,
    Connection,
    Connections,
    Posted,
    Poster,
    ShardQueue,
    ShardRecords,
)

log = logging.getLogger(__name__)

# So many take one worker a tenth of a second, and a queue takes longer than that to begin.
INLINE_MAX = 250
SHARD_SIZE = 250


@dataclass(frozen=True)
class FanOut:
    """Sends a change to everyone whom it concerns: itself where they are few, else by shards."""

    broadcast: Broadcast
    queue: ShardQueue
    records: ShardRecords
    clock: Clock
    shuffle: Callable[[list[Connection]], None] = random.shuffle

    def __call__(self, change: Change, deadline_s: float | None = None) -> dict[str, int]:
        """Send the change, or have it sent: to more than 250 in shuffled shards of 250.

        Returns:
            As ``Broadcast``, where it sent the change itself; else ``{attempted, ms}``: how many
            there are, and how long it took to queue them all.

        Raises:
            Unavailable: nobody was told, or perhaps not all are queued; repeat it whole.
        """
        started_s, begun_at = time.perf_counter(), self.clock.now()
        listeners = list(self.broadcast.concerned(change))
        if len(listeners) <= INLINE_MAX:
            return self.broadcast.tell(listeners, change, deadline_s, started_s=started_s)
        # Nobody is always last.
        self.shuffle(listeners)
        shards = _shards(change, begun_at, listeners)
        self.queue.put(shards)
        ms = round((time.perf_counter() - started_s) * 1000)
        counts = {"attempted": len(listeners), "ms": ms}
        fields = {"position": str(change.position), "shards": len(shards), **counts}
        log.info("fanned_out", extra=fields)
        _record(self.records, shards[0].run, PLAN, change, self.clock.now(), counts)
        return counts


@dataclass(frozen=True)
class SendShard:
    """Sends a change to the connections of one shard."""

    feed: ChangeFeed
    connections: Connections
    poster: Poster
    records: ShardRecords
    clock: Clock

    def __call__(self, shard: Shard, deadline_s: float | None = None) -> None:
        """Send it, forget who is gone, and record what became of them.

        A shard of another epoch is of before a restore: its clients start anew, and nothing is
        sent.

        Raises:
            Unavailable: nobody was told, or the change cannot be read; repeat it.
        """
        change = self._change_at(shard.position)
        if change is None:
            log.warning("shard_is_of_no_change", extra={"position": str(shard.position)})
            return
        started_s = time.perf_counter()
        try:
            posted = post(self.poster, change, shard.private, shard.public, deadline_s)
        except Unavailable:
            self._record(shard, change, Posted(failed=shard.connection_ids), started_s)
            raise
        forget(self.connections, posted.gone, but=shard.opening)
        self._record(shard, change, posted, started_s)

    def _change_at(self, position: Position) -> Change | None:
        found = self.feed.changes(after_seq=position.seq - 1, limit=1)
        return found[0] if found and found[0].position == position else None

    def _record(self, shard: Shard, change: Change, posted: Posted, started_s: float) -> None:
        counts = counted(posted, started_s)
        fields = {"position": str(shard.position), "shard": shard.number, "of": shard.of, **counts}
        log.info("shard_sent", extra=fields)
        now = self.clock.now()
        # By the clocks of two workers: how long the shard's clients have waited.
        waited = counts | {"ms": (now - shard.begun_at) // timedelta(milliseconds=1)}
        _record(self.records, shard.run, shard.number, change, now, waited)


def _shards(change: Change, begun_at: datetime, listeners: Sequence[Connection]) -> Sequence[Shard]:
    if change.position is None:
        raise ValueError("only what is committed is sent")
    run, of = uuid7(begun_at), -(-len(listeners) // SHARD_SIZE)
    shards = []
    for number in range(1, of + 1):
        group = listeners[(number - 1) * SHARD_SIZE : number * SHARD_SIZE]
        private, public = map(tuple, audiences(group))
        young = tuple(opening(group, begun_at))
        shards.append(Shard(change.position, run, number, of, begun_at, private, public, young))
    return shards


def _record(
    records: ShardRecords,
    run: str,
    number: int,
    change: Change,
    at: datetime,
    counts: dict[str, int],
) -> None:
    """Record a part, best effort: what was sent has been sent all the same."""
    try:
        records.record_part(run, number, Delivery.of(change, "broadcast", at, counts))
    except Unavailable:
        log.exception("delivery_not_recorded", extra={"incident_id": change.incident_id})
