"""Sending changes to the connections of one shard, and again to those it did not reach."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby

from alerta_utec.app.broadcast import HANDSHAKE_MAX, Recipients, delete_gone, maybe_connecting
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import AGAIN, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.position import Position
from alerta_utec.domain.shard import Remainder, Shard
from alerta_utec.ports.broadcast import FramesPoster, SendResult, ShardQueue
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection, Connections
from alerta_utec.ports.deliveries import BroadcastRecords
from alerta_utec.ports.incidents import ChangeFeed

log = logging.getLogger(__name__)

# The waits before connections that were not reached are tried again; then they are given up, and
# catch up by ``sync``.
AGAIN_AFTER_S = (5, 15)
# Ids of 5,000 connections fit into a message of 256 KB.
REMAINDER_MAX = 5_000


@dataclass(frozen=True)
class SendShard:
    """A use case that sends a shard's changes to its connections.

    Connections that it could not reach, because their buffer was full or @connections took no
    more, it queues again as a small shard.
    """

    feed: ChangeFeed
    connections: Connections
    poster: FramesPoster
    queue: ShardQueue
    records: BroadcastRecords
    clock: Clock

    def send(self, shard: Shard, deadline_s: float | None = None) -> None:
        """Read the shard's changes and connections, and send as ``send_to``.

        Changes of another epoch date from before a restore. Nothing is sent for them, since their
        clients synchronise from the start.

        Raises:
            Unavailable: no recipient was reached, or something cannot be read; repeat the shard.
        """
        changes = self._changes_at(shard.positions)
        if len(changes) < len(shard.positions):
            log.warning("shard_is_of_no_change", extra={"positions": [*map(str, shard.positions)]})
            shard = _without_lost(shard, changes)
        if not changes:
            return
        # Later ones have synchronised, up to a later position than these changes have.
        latest = shard.begun_at + HANDSHAKE_MAX
        connections = {
            one.connection_id: one
            for page in self.connections.pages(shard.number, shard.of)
            for one in page
            if one.connected_at <= latest
        }
        self.send_to(shard, changes, list(connections.values()), deadline_s)

    def send_to(
        self,
        shard: Shard,
        changes: Sequence[Change],
        connections: Sequence[Connection],
        deadline_s: float | None,
    ) -> None:
        """Send the changes to those connections that they are for, and record the outcome.

        Connections that are gone are deleted, unless they may still be in their handshake: a
        connection is saved before its socket opens, and looks gone until then.

        Raises:
            Unavailable: no recipient was reached; repeat the shard.
        """
        missed = shard.missed if shard.remainder else None
        recipients = Recipients(changes, connections, missed)
        try:
            results = recipients.send(self.poster, deadline_s)
        except Unavailable:
            results = recipients.all_failed()
            if not shard.attempts:
                self._record(shard, changes, results, frozenset())
                raise
        gone = dict.fromkeys(name for result in results for name in result.gone)
        delete_gone(self.connections, gone, keep=maybe_connecting(connections, shard.begun_at))
        if missed:
            results = _with_vanished(results, missed, connections)
        self._record(shard, changes, results, self._queue_again(shard, results))

    def _changes_at(self, positions: Sequence[Position]) -> Sequence[Change]:
        """Return the changes that are at these positions, in their order."""
        found: list[Change] = []
        for _, pairs in groupby(enumerate(positions), lambda pair: pair[1].seq - pair[0]):
            run = [position for _, position in pairs]
            found += self.feed.changes(after_seq=run[0].seq - 1, limit=len(run))
        return [change for change in found if change.position in positions]

    def _queue_again(self, shard: Shard, results: Sequence[SendResult]) -> frozenset[str]:
        """Queue the connections that were not reached; return those that will be tried again."""
        remainder = _remainder(results)
        if not remainder or shard.attempts >= len(AGAIN_AFTER_S):
            return frozenset()
        again = replace(shard, part=shard.part + AGAIN, remainder=remainder)
        try:
            self.queue.put([again], delay_s=AGAIN_AFTER_S[shard.attempts])
        except Unavailable:
            log.exception("not_queued_again", extra={"position": str(shard.positions[-1])})
            return frozenset()
        return frozenset(again.missed)

    def _record(
        self,
        shard: Shard,
        changes: Sequence[Change],
        results: Sequence[SendResult],
        again: frozenset[str],
    ) -> None:
        """Record each change's outcome, best effort: a missing record fails no delivery."""
        now = self.clock.now()
        # How long the connections have waited, by the clocks of two workers.
        ms = (now - shard.begun_at) // timedelta(milliseconds=1)
        undivided = shard.of == 1 and not shard.remainder
        deliveries = []
        for change, result in zip(changes, results, strict=True):
            counts = _counts(result, again) | ({} if shard.attempts else {"ms": ms})
            deliveries.append(Delivery.of(change, "broadcast", now, counts))
            if undivided:
                log.info("broadcast", extra={**change.log_fields(), **counts})
            else:
                fields = {"shard": shard.number, "of": shard.of}
                log.info("shard_sent", extra={**change.log_fields(), **fields, **counts})
        try:
            if undivided and not again:
                self.records.record(deliveries)
            else:
                self.records.record_parts(shard.run, shard.part, deliveries)
        except Unavailable:
            log.exception("delivery_not_recorded", extra=changes[0].log_fields())


def _without_lost(shard: Shard, changes: Sequence[Change]) -> Shard:
    """Return the shard of those of its positions that have a change."""
    positions = tuple(change.position for change in changes if change.position is not None)
    new_index = {shard.positions.index(position): n for n, position in enumerate(positions)}
    remainder = tuple(
        Remainder(tuple(new_index[i] for i in one.indexes if i in new_index), one.connection_ids)
        for one in shard.remainder
    )
    return replace(shard, positions=positions, remainder=remainder)


def _with_vanished(
    results: Sequence[SendResult],
    missed: Mapping[str, tuple[int, ...]],
    connections: Sequence[Connection],
) -> Sequence[SendResult]:
    """Count connections of a remainder that are not stored any more as gone."""
    stored = {one.connection_id for one in connections}
    vanished = {name: indexes for name, indexes in missed.items() if name not in stored}
    return [
        result + SendResult(gone=tuple(name for name, own in vanished.items() if index in own))
        for index, result in enumerate(results)
    ]


def _remainder(results: Sequence[SendResult]) -> tuple[Remainder, ...]:
    """Return the connections that missed changes, by the indexes of these."""
    missed: dict[str, list[int]] = {}
    for index, result in enumerate(results):
        for name in (*result.throttled, *result.failed):
            missed.setdefault(name, []).append(index)
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, indexes in list(missed.items())[:REMAINDER_MAX]:
        groups.setdefault(tuple(indexes), []).append(name)
    return tuple(Remainder(indexes, tuple(names)) for indexes, names in groups.items())


def _counts(result: SendResult, again: frozenset[str]) -> dict[str, int]:
    """Return ``{attempted, delivered, gone, throttled, failed}``, and ``requeued`` if any are."""
    counts = {
        "delivered": result.delivered,
        "gone": len(result.gone),
        "throttled": len([name for name in result.throttled if name not in again]),
        "failed": len([name for name in result.failed if name not in again]),
    }
    requeued = len(result.throttled) + len(result.failed) - counts["throttled"] - counts["failed"]
    attempted = {"attempted": sum(counts.values())}
    return {**attempted, **counts, **({"requeued": requeued} if requeued else {})}
