"""Group commit: one transaction for all changes that wait, so that they share one disk flush.

``SqliteIncidents.commit`` calls it. On one machine most of its callers run in the gateway's
cooperative executor: ``gateway/session.py`` hands a message to ``gateway/core.py``, which submits
the handler to ``gateway/executor.py`` under a time limit of ``gateway/deadlines.py``. The handler
reaches ``GroupCommit.commit``, whose ``BatchScheduler`` lets the other handlers of the batch reach
it too before the first one writes. ``deployments/local/storage.py`` wires the two.
"""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from alerta_utec.adapters.sqlite.commit_statements import (
    add_change,
    find_duplicate,
    read_position,
    remove_expired_keys,
    save_position,
)
from alerta_utec.adapters.sqlite.database import WRITE_LOCK_TIMEOUT_S, Database
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Conflict, NotFound, Unavailable
from alerta_utec.ports.incidents import Committed

log = logging.getLogger(__name__)

# The most changes in one transaction: a larger one would delay the acks of its first changes.
GROUP_MAX = 128

Outcome = Committed | Exception


class CommitListener(Protocol):
    """A receiver of committed changes."""

    def committed(self, change: Change) -> None:
        """Take note of a stored change.

        Called once per change, in ``seq`` order, by the thread that committed and before the
        next transaction begins: it must be quick and must not wait. An exception is logged; the
        change is stored all the same.
        """
        ...


class CommitStep(Protocol):
    """A wing's addition to the transaction that stores a change."""

    def on_stored(self, connection: sqlite3.Connection, change: Change) -> None:
        """Write the wing's own rows for the change, which has its ``seq``.

        They are stored with the change or not at all. An exception undoes both.
        """
        ...


class BatchScheduler(Protocol):
    """A scheduler of callers that run in one thread and would otherwise wait one by one."""

    def before_wait(self) -> None:
        """Let other callers run before this one waits for the disk.

        Called when a change is queued and its caller is about to wait. May return later, and
        must return in the same thread.
        """
        ...


class NoListener:
    """A ``CommitListener`` that ignores all changes."""

    def committed(self, change: Change) -> None:
        """Do nothing."""


class NoScheduler:
    """A ``BatchScheduler`` for callers that each have a thread."""

    def before_wait(self) -> None:
        """Return at once."""


@dataclass(slots=True, eq=False)
class _Request:
    """One caller's change; ``outcome`` is set once it is stored and passed on, or refused."""

    change: Change
    expected_revision: int | None
    outcome: Outcome | None = None


class GroupCommit:
    """The ``commit`` of an ``IncidentStore`` on SQLite, with one transaction for many changes.

    A disk flush costs the same for one change as for a hundred. There is no writer thread: the
    caller that gets the database's write lock commits for all callers that have queued by then,
    and the others find their outcome when they get the lock. A refused change leaves the others
    of its group alone; a failed transaction fails for all of them.
    """

    def __init__(
        self,
        database: Database,
        *,
        listener: CommitListener | None = None,
        steps: Sequence[CommitStep] = (),
        scheduler: BatchScheduler | None = None,
        group_max: int = GROUP_MAX,
        wait_max_s: float = WRITE_LOCK_TIMEOUT_S,
    ) -> None:
        self._database = database
        self._listener = NoListener() if listener is None else listener
        self._steps = tuple(steps)
        self._scheduler = NoScheduler() if scheduler is None else scheduler
        self._group_max = group_max
        self._wait_max_s = wait_max_s
        self._queue: deque[_Request] = deque()

    def commit(self, change: Change, expected_revision: int | None) -> Committed:
        """Store the change as ``IncidentStore.commit`` specifies."""
        request = _Request(change, expected_revision)
        until = time.monotonic() + self._wait_max_s
        self._queue.append(request)
        self._scheduler.before_wait()
        try:
            while request.outcome is None:
                with self._database.write_lock(until - time.monotonic()):
                    if request.outcome is None:
                        self._commit_next_group()
        except BaseException:
            # Withdraw the change. If it is already being stored, the outcome is unknown.
            with suppress(ValueError):
                self._queue.remove(request)
            raise
        if isinstance(request.outcome, Exception):
            raise request.outcome
        return request.outcome

    def _commit_next_group(self) -> None:
        group: list[_Request] = []
        with suppress(IndexError):
            while len(group) < self._group_max:
                group.append(self._queue.popleft())
        try:
            self._commit(group)
        finally:
            for request in group:
                # Only an exception that ends the thread leaves a request without an outcome,
                # and no other thread would set it.
                request.outcome = request.outcome or Unavailable("SQLite: the writer has ended")

    def _commit(self, group: Sequence[_Request]) -> None:
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._store(group)
        except Unavailable as error:
            outcomes = [Unavailable(str(error)) for _ in group]
        except Exception as error:
            # One change cannot be stored at all: commit each alone, so that only it fails.
            if len(group) > 1:
                for request in group:
                    self._commit([request])
                return
            outcomes = [error]
        for outcome in outcomes:
            if isinstance(outcome, Committed) and not outcome.duplicate:
                self._notify_listener(outcome.change)
        for request, outcome in zip(group, outcomes, strict=True):
            request.outcome = outcome

    def _store(self, group: Sequence[_Request]) -> list[Outcome]:
        """Store the changes in this order, except refused ones and duplicates."""
        outcomes: list[Outcome] = []
        with self._database.write() as connection:
            start = read_position(connection)
            stored: list[Change] = []
            for request in group:
                try:
                    first = find_duplicate(connection, request.change, request.expected_revision)
                except (Conflict, NotFound) as refusal:
                    outcomes.append(refusal)
                    continue
                if first is not None:
                    outcomes.append(Committed(first, duplicate=True))
                    continue
                position = Position(start.epoch, start.seq + len(stored) + 1)
                change = request.change.committed(position)
                add_change(connection, change)
                for step in self._steps:
                    step.on_stored(connection, change)
                stored.append(change)
                outcomes.append(Committed(change))
            if stored:
                save_position(connection, stored[-1].after.seq)
                remove_expired_keys(connection, stored)
        return outcomes

    def _notify_listener(self, change: Change) -> None:
        try:
            self._listener.committed(change)
        except Exception:
            log.exception("on_commit_failed", extra={"position": str(change.position)})
