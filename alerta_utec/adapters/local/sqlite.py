"""The incidents and their feed in SQLite."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from alerta_utec.adapters.local.database import Database
from alerta_utec.adapters.local.rows import (
    ADD_CHANGE,
    CHANGE_COLUMNS,
    change_from,
    change_row,
    decode_incident,
    encode_incident,
    to_us,
)
from alerta_utec.adapters.local.sqlite_jobs import owe
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.errors import Conflict, NotFound
from alerta_utec.domain.incident import Incident
from alerta_utec.ports import KEY_TTL_S, Committed, Page, Query

log = logging.getLogger(__name__)

# A commit removes this many expired keys at most: more than it adds, so they never pile up.
EXPIRED_PER_COMMIT = 20

_SAVE_INCIDENT = """
INSERT INTO incidents (created_seq, incident_id, revision, status, urgency, type_folded,
                       location_folded, state)
VALUES (:seq, :incident_id, :revision, :status, :urgency, :type, :location, :state)
ON CONFLICT (incident_id) DO UPDATE SET
    revision = :revision, status = :status, urgency = :urgency, type_folded = :type,
    location_folded = :location, state = :state
"""
_REMOVE_EXPIRED = """
DELETE FROM keys WHERE (user, key) IN
    (SELECT user, key FROM keys WHERE expires_at_us <= ? ORDER BY expires_at_us LIMIT ?)
"""


class SqliteIncidents:
    """An ``IncidentStore``; the e-mails that it owes are ``SqliteMailJobs`` of its database.

    ``on_commit`` is called with each committed change, in ``seq`` order and before the next
    commit begins, so it must be quick; what it raises is logged, since the change is stored
    all the same. Commits take turns: whoever waits for one could later join it.
    """

    def __init__(self, database: Database, on_commit: Callable[[Change], None]):
        self._database = database
        self._on_commit = on_commit

    def commit(self, change: Change, *, expected_revision: int | None = None) -> Committed:
        with self._database.turn():
            committed = self._store(change, expected_revision)
            if not committed.duplicate:
                self._announce(committed.change)
            return committed

    def get(self, incident_id: str) -> Incident:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT state FROM incidents WHERE incident_id = ?", (incident_id,)
            ).fetchone()
        if row is None:
            raise NotFound(incident_id)
        return decode_incident(row[0])

    def history(self, incident_id: str) -> Sequence[Change]:
        query = f"SELECT {CHANGE_COLUMNS} FROM changes WHERE incident_id = ? ORDER BY seq"  # noqa: S608 (a constant)
        with self._database.read() as connection:
            rows = connection.execute(query, (incident_id,)).fetchall()
        if not rows:
            raise NotFound(incident_id)
        return [change_from(row) for row in rows]

    def page(self, query: Query) -> Page:
        sql, values = _listing(query)
        with self._database.read() as connection:
            rows = connection.execute(sql, values).fetchall()
        shown = rows[: query.limit]
        next_seq = shown[-1][0] if len(rows) > len(shown) else None
        return Page([decode_incident(state) for _, state in shown], next_seq)

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        query = f"SELECT {CHANGE_COLUMNS} FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 (a constant)
        with self._database.read() as connection:
            rows = connection.execute(query, (after_seq, limit)).fetchall()
        return [change_from(row) for row in rows]

    def position(self) -> Position:
        with self._database.read() as connection:
            return _position(connection)

    def settled(self) -> Position:
        return self.position()

    def _store(self, change: Change, expected_revision: int | None) -> Committed:
        with self._database.write() as connection:
            if change.before is None:
                first = _first(connection, change)
                if first is not None:
                    return _repeated(first, change)
            else:
                _check_revision(connection, change, expected_revision)
            here = _position(connection)
            stored = change.committed(Position(here.epoch, here.seq + 1))
            _write(connection, stored)
        return Committed(stored)

    def _announce(self, change: Change) -> None:
        try:
            self._on_commit(change)
        except Exception:
            log.exception("on_commit_failed", extra={"position": str(change.position)})


def _position(connection: sqlite3.Connection) -> Position:
    epoch, seq = connection.execute("SELECT epoch, seq FROM feed").fetchone()
    return Position(epoch, seq)


def _first(connection: sqlite3.Connection, change: Change) -> Change | None:
    """What an earlier request with the same key or id has stored."""
    if change.key is not None:
        row = connection.execute(
            "SELECT seq FROM keys WHERE user = ? AND key = ? AND expires_at_us > ?",
            (change.key.user, change.key.key, to_us(change.at)),
        ).fetchone()
        if row is not None:
            return _change_at(connection, row[0])
    row = connection.execute(
        "SELECT created_seq FROM incidents WHERE incident_id = ?", (change.incident_id,)
    ).fetchone()
    return None if row is None else _change_at(connection, row[0])


def _change_at(connection: sqlite3.Connection, seq: int) -> Change:
    query = f"SELECT {CHANGE_COLUMNS} FROM changes WHERE seq = ?"  # noqa: S608 (a constant)
    return change_from(connection.execute(query, (seq,)).fetchone())


def _repeated(first: Change, change: Change) -> Committed:
    if first.digest != change.digest:
        raise Conflict(change.incident_id)
    return Committed(first, duplicate=True)


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


def _write(connection: sqlite3.Connection, stored: Change) -> None:
    incident = stored.after
    connection.execute("UPDATE feed SET seq = ?", (incident.seq,))
    connection.execute(ADD_CHANGE, change_row(stored))
    connection.execute(
        _SAVE_INCIDENT,
        {
            "seq": incident.seq,
            "incident_id": incident.incident_id,
            "revision": incident.revision,
            "status": incident.status.value,
            "urgency": incident.urgency.value,
            "type": incident.type.casefold(),
            "location": incident.location.casefold(),
            "state": encode_incident(incident),
        },
    )
    if stored.key is not None:
        _keep_key(connection, stored, stored.key)
    if stored.alarms():
        owe(connection, stored)


def _keep_key(connection: sqlite3.Connection, stored: Change, key: IdempotencyKey) -> None:
    now_us = to_us(stored.at)
    connection.execute(_REMOVE_EXPIRED, (now_us, EXPIRED_PER_COMMIT))
    connection.execute(
        "INSERT OR REPLACE INTO keys (user, key, seq, expires_at_us) VALUES (?, ?, ?, ?)",
        (key.user, key.key, stored.after.seq, now_us + KEY_TTL_S * 1_000_000),
    )


def _listing(query: Query) -> tuple[str, list[Any]]:
    """The query for a page and the row after it, if there is one."""
    terms: list[str] = []
    values: list[Any] = []
    if query.before_seq is not None:
        terms.append("created_seq < ?")
        values.append(query.before_seq)
    for column, wanted in (("status", query.status), ("urgency", query.urgency)):
        if wanted:
            terms.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += sorted(choice.value for choice in wanted)
    for column, text in (("type_folded", query.type), ("location_folded", query.location)):
        if text is not None:
            terms.append(f"{column} = ?")
            values.append(text.casefold())
    where = f"WHERE {' AND '.join(terms)} " if terms else ""
    sql = f"SELECT created_seq, state FROM incidents {where}ORDER BY created_seq DESC LIMIT ?"  # noqa: S608 (constants)
    return sql, [*values, query.limit + 1]
