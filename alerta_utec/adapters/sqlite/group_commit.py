"""Group commit: whoever gets to write stores what everybody waits to have stored."""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from alerta_utec.adapters.sqlite.database import TURN_TIMEOUT_S, Database
from alerta_utec.adapters.sqlite.rows import (
    ADD_CHANGE,
    CHANGE_COLUMNS,
    SAVE_INCIDENT,
    change_from,
    change_row,
    encode_incident,
    incident_row,
    to_us,
)
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Conflict, NotFound, Unavailable
from alerta_utec.notifications.local.sqlite import owe
from alerta_utec.ports import KEY_TTL_S, Committed

log = logging.getLogger(__name__)

# One transaction; the others who wait are not kept from their acks much longer than by one.
GROUP_MAX = 128
# For each key that is added, so many expired ones are removed at most: they never pile up.
EXPIRED_PER_KEY = 20

_SEQ_OF_KEY = "SELECT seq FROM keys WHERE user = ? AND key = ? AND expires_at_us > ?"
_REMOVE_EXPIRED = """
DELETE FROM keys WHERE (user, key) IN
    (SELECT user, key FROM keys WHERE expires_at_us <= ? ORDER BY expires_at_us LIMIT ?)
"""
_ADD_KEY = "INSERT OR REPLACE INTO keys (user, key, seq, expires_at_us) VALUES (?, ?, ?, ?)"

Outcome = Committed | Exception


@dataclass(slots=True, eq=False)
class _Waiting:
    """Somebody's change; ``outcome`` is there once it is stored and told of, or refused."""

    change: Change
    expected_revision: int | None
    outcome: Outcome | None = None


class GroupCommit:
    """``IncidentStore.commit`` on SQLite, of as many changes as wait in one transaction.

    A flush of the disk costs the same for one change as for a hundred. Nobody is appointed to
    write: whoever gets the database's turn commits for all who have come by then, and the
    others find it done when it is theirs. One change that is refused leaves the others alone; a
    transaction that fails has failed for all of them.

    ``on_commit`` is called with each committed change, in ``seq`` order and before the next
    transaction begins, so it must be quick; what it raises is logged, since the change is
    stored all the same. ``gather`` is called when a change waits: it may return a little
    later, so that others who are about to commit get to wait too.
    """

    def __init__(
        self,
        database: Database,
        on_commit: Callable[[Change], None],
        *,
        gather: Callable[[], None] = lambda: None,
        group_max: int = GROUP_MAX,
        patience_s: float = TURN_TIMEOUT_S,
    ) -> None:
        self._database = database
        self._on_commit = on_commit
        self._gather = gather
        self._group_max = group_max
        self._patience_s = patience_s
        self._waiting: deque[_Waiting] = deque()

    def commit(self, change: Change, expected_revision: int | None) -> Committed:
        """See ``IncidentStore``."""
        mine = _Waiting(change, expected_revision)
        until = time.monotonic() + self._patience_s
        self._waiting.append(mine)
        self._gather()
        try:
            while mine.outcome is None:
                with self._database.turn(until - time.monotonic()):
                    if mine.outcome is None:
                        self._next_group()
        except BaseException:
            # What is given up is not stored later. Where it is being stored, nobody knows.
            with suppress(ValueError):
                self._waiting.remove(mine)
            raise
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        return mine.outcome

    def _next_group(self) -> None:
        group: list[_Waiting] = []
        with suppress(IndexError):
            while len(group) < self._group_max:
                group.append(self._waiting.popleft())
        try:
            self._commit(group)
        finally:
            for one in group:
                # Nobody else does it; only what ends a whole thread gets here.
                one.outcome = one.outcome or Unavailable("SQLite: the writer has ended")

    def _commit(self, group: Sequence[_Waiting]) -> None:
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._store(group)
        except Unavailable as error:
            outcomes = [Unavailable(str(error)) for _ in group]
        except Exception as error:
            # A change that cannot be stored at all: the others must not suffer for it.
            if len(group) > 1:
                for one in group:
                    self._commit([one])
                return
            outcomes = [error]
        for outcome in outcomes:
            if isinstance(outcome, Committed) and not outcome.duplicate:
                self._announce(outcome.change)
        for one, outcome in zip(group, outcomes, strict=True):
            one.outcome = outcome

    def _store(self, group: Sequence[_Waiting]) -> list[Outcome]:
        """Store the changes in this order, each unless it is refused."""
        outcomes: list[Outcome] = []
        with self._database.write() as connection:
            here = position(connection)
            stored: list[Change] = []
            for one in group:
                try:
                    first = _check(connection, one)
                except (Conflict, NotFound) as refusal:
                    outcomes.append(refusal)
                    continue
                if first is not None:
                    outcomes.append(Committed(first, duplicate=True))
                    continue
                change = one.change.committed(Position(here.epoch, here.seq + len(stored) + 1))
                _add(connection, change)
                stored.append(change)
                outcomes.append(Committed(change))
            if stored:
                connection.execute("UPDATE feed SET seq = ?", (stored[-1].after.seq,))
                _remove_expired_keys(connection, stored)
        return outcomes

    def _announce(self, change: Change) -> None:
        try:
            self._on_commit(change)
        except Exception:
            log.exception("on_commit_failed", extra={"position": str(change.position)})


def position(connection: sqlite3.Connection) -> Position:
    """Where the feed is."""
    epoch, seq = connection.execute("SELECT epoch, seq FROM feed").fetchone()
    return Position(epoch, seq)


def _check(connection: sqlite3.Connection, one: _Waiting) -> Change | None:
    """What an earlier, equal request has stored; none where this one is to be.

    Raises:
        Conflict, NotFound: as ``IncidentStore.commit``.
    """
    change = one.change
    if change.before is not None:
        _check_revision(connection, change, one.expected_revision)
        return None
    first = _first(connection, change)
    if first is not None and first.digest != change.digest:
        raise Conflict(change.incident_id)
    return first


def _check_revision(
    connection: sqlite3.Connection, change: Change, expected_revision: int | None
) -> None:
    row = connection.execute(
        "SELECT revision FROM incidents WHERE incident_id = ?", (change.incident_id,)
    ).fetchone()
    if row is None:
        raise NotFound(change.incident_id)
    made_from = change.before.revision if change.before else None
    if row[0] != made_from or expected_revision not in (None, row[0]):
        raise Conflict(change.incident_id)


def _first(connection: sqlite3.Connection, change: Change) -> Change | None:
    """What an earlier request with the same key or id has stored."""
    row = None
    if change.key is not None:
        values = (change.key.user, change.key.key, to_us(change.at))
        row = connection.execute(_SEQ_OF_KEY, values).fetchone()
    if row is None:
        row = connection.execute(
            "SELECT created_seq FROM incidents WHERE incident_id = ?", (change.incident_id,)
        ).fetchone()
    if row is None:
        return None
    query = f"SELECT {CHANGE_COLUMNS} FROM changes WHERE seq = ?"  # noqa: S608 (a constant)
    return change_from(connection.execute(query, row).fetchone())


def _add(connection: sqlite3.Connection, stored: Change) -> None:
    state = encode_incident(stored.after)
    connection.execute(ADD_CHANGE, change_row(stored, state))
    connection.execute(SAVE_INCIDENT, incident_row(stored.after, state))
    if stored.key is not None:
        expires_at_us = to_us(stored.at) + KEY_TTL_S * 1_000_000
        values = (stored.key.user, stored.key.key, stored.after.seq, expires_at_us)
        connection.execute(_ADD_KEY, values)
    if stored.alarms():
        owe(connection, stored)


def _remove_expired_keys(connection: sqlite3.Connection, stored: Sequence[Change]) -> None:
    keyed = [to_us(change.at) for change in stored if change.key is not None]
    if keyed:
        connection.execute(_REMOVE_EXPIRED, (min(keyed), EXPIRED_PER_KEY * len(keyed)))
