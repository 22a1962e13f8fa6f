"""The combining of commits: the holder of the lease commits the submissions that wait."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables, own_key
from alerta_utec.adapters.aws.dynamodb.counter import LEASE, RUSH
from alerta_utec.adapters.aws.dynamodb.inbox import Row, Submission
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Internal, Unavailable
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

# A transaction has up to 100 actions: one for the counter, and up to four for a submission.
BATCH_MAX = 24
# A transaction has up to 4 MB, and a partition takes 1,000 KB/s of writes, each counted twice.
BATCH_MAX_BYTES = 256 * 1024
# The pauses of the holder after a conflict, while others wait.
_PAUSE_S, _PAUSE_MAX_S = 0.01, 0.2


@dataclass(frozen=True, slots=True)
class Combined:
    """What the holder gets: its own change, if it was committed, and the number of conflicts."""

    change: Change | None
    conflicts: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows for one transaction.

    ``is_last``: after it, the holder's own submission does not wait any more.
    """

    rows: Sequence[Row]
    is_last: bool


@dataclass(frozen=True)
class Combine:
    """Commits the submissions in the inbox, the oldest first, some in each transaction.

    The transaction requires every item that it has read, the counter among them. So it does not
    matter whether the lease is over by then, or another submission has it.
    """

    tables: CommitTables
    retry: Retry
    clock: Clock

    def run(self, own: Submission) -> Combined:
        """Take the lease, if it is free, and commit until ``own`` has left the inbox.

        Raises:
            Internal: DynamoDB refuses ``own`` for good.
        """
        conflicts, by_itself = 0, False
        end_s = self.retry.monotonic() + LEASE.total_seconds()
        if not self.tables.counter.acquire_lease(self.clock.now()):
            return Combined(None, conflicts)
        while self.retry.monotonic() < end_s:
            try:
                batch = self._next(own, by_itself=by_itself)
                stored = self._commit(batch)
            except Unavailable:
                self.retry.sleep(self._pause_s(conflicts))
                conflicts += 1
            except Internal:
                if by_itself:
                    raise
                # One submission of the batch, perhaps another's, cannot be stored.
                by_itself = True
            else:
                if batch.is_last:
                    return Combined(stored.get(own.commit_id), conflicts)
        return Combined(None, conflicts)

    def _pause_s(self, conflicts: int) -> float:
        return delay_s(
            conflicts, base_s=_PAUSE_S, cap_s=_PAUSE_MAX_S, jitter=1, uniform=self.retry.uniform
        )

    def _next(self, own: Submission, *, by_itself: bool) -> _Batch:
        rows = self.tables.inbox.oldest(BATCH_MAX)
        chosen = [Row(own.key, own.at, own)] if by_itself else _compatible(rows)
        is_chosen = any(row.key == own.key for row in chosen)
        has_left = len(rows) < BATCH_MAX and all(row.key != own.key for row in rows)
        return _Batch(chosen, is_last=is_chosen or has_left)

    def _commit(self, batch: _Batch) -> dict[str, Change]:
        """Commit a batch in one transaction; return the stored changes by commit id.

        Removes the rows that are expired, and those that repeat another change or come too late:
        their calls find out why.

        Raises:
            Unavailable, Internal.
        """
        wanted = [row.submission.change for row in batch.rows if row.submission]
        snapshot = self.tables.read(wanted)
        if snapshot is None or snapshot.counter is None:
            raise Unavailable("a partial response")
        now, last = self.clock.now(), snapshot.counter.position
        stored: dict[str, Change] = {}
        actions: list[Any] = []
        for row in batch.rows:
            one = row.submission
            if row.is_expired(now) or (one and not snapshot.admits(one.change)):
                actions.append(self.tables.inbox.drop(row.key))
            elif one:
                position = replace(last, seq=last.seq + len(stored) + 1)
                stored[one.commit_id], puts = self.tables.stored(one, snapshot, position)
                actions += [self.tables.inbox.take(one), *puts]
        # A batch of one was no rush: the next submission can be alone again.
        end = now if len(stored) > 1 else now - RUSH
        lease_end = end if batch.is_last else None
        counter = self.tables.counter.advance(last, len(stored), lease_end=lease_end)
        self.tables.write([counter, *actions])
        log.info("commits_combined", extra={"rows": len(batch.rows), "commits": len(stored)})
        return stored


def _compatible(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each incident and key, with ``BATCH_MAX_BYTES`` at most."""
    chosen: list[Row] = []
    taken: set[str] = set()
    room_bytes = BATCH_MAX_BYTES
    for row in rows:
        room_bytes -= row.size_bytes
        if chosen and room_bytes < 0:
            break
        names = _names(row.submission)
        if taken.isdisjoint(names):
            taken |= names
            chosen.append(row)
    return chosen


def _names(submission: Submission | None) -> set[str]:
    """Return what a change depends on, and no other of the same transaction can."""
    if submission is None:
        return set()
    names = {f"incident {submission.change.incident_id}"}
    key = own_key(submission.change)
    return names if key is None else {*names, f"key {key}"}
