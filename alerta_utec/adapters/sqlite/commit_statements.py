"""The SQL statements of a commit: checks before it, and the rows that it adds."""

import sqlite3
from collections.abc import Sequence

from alerta_utec.adapters.sqlite.rows import (
    CHANGE_COLUMNS,
    SAVE_INCIDENT,
    change_from,
    change_insert,
    encode_incident,
    incident_row,
    to_us,
)
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Conflict, NotFound
from alerta_utec.ports.incidents import KEY_TTL_S

# Each added key removes up to this many expired keys, so that they never accumulate.
EXPIRED_PER_KEY = 20

_SEQ_OF_KEY = "SELECT seq FROM keys WHERE user = ? AND key = ? AND expires_at_us > ?"
_REMOVE_EXPIRED = """
DELETE FROM keys WHERE (user, key) IN
    (SELECT user, key FROM keys WHERE expires_at_us <= ? ORDER BY expires_at_us LIMIT ?)
"""
_ADD_KEY = "INSERT OR REPLACE INTO keys (user, key, seq, expires_at_us) VALUES (?, ?, ?, ?)"


def read_position(connection: sqlite3.Connection) -> Position:
    """Return the position of the feed."""
    epoch, seq = connection.execute("SELECT epoch, seq FROM feed").fetchone()
    return Position(epoch, seq)


def save_position(connection: sqlite3.Connection, seq: int) -> None:
    """Set the ``seq`` of the feed."""
    connection.execute("UPDATE feed SET seq = ?", (seq,))


def find_duplicate(
    connection: sqlite3.Connection, change: Change, expected_revision: int | None
) -> Change | None:
    """Return the stored change of an earlier, equal request; ``None`` if the change is new.

    Raises:
        Conflict, NotFound: see ``IncidentStore.commit``.
    """
    if change.before is not None:
        _check_revision(connection, change, expected_revision)
        return None
    first = _first_of(connection, change)
    if first is not None and first.digest != change.digest:
        raise Conflict(change.incident_id)
    return first


def add_change(connection: sqlite3.Connection, stored: Change) -> None:
    """Insert the change and its idempotency key, and save the incident's new state."""
    state = encode_incident(stored.after)
    connection.execute(*change_insert(stored, state))
    connection.execute(SAVE_INCIDENT, incident_row(stored.after, state))
    if stored.key is not None:
        expires_at_us = to_us(stored.at) + KEY_TTL_S * 1_000_000
        values = (stored.key.user, stored.key.key, stored.after.seq, expires_at_us)
        connection.execute(_ADD_KEY, values)


def remove_expired_keys(connection: sqlite3.Connection, stored: Sequence[Change]) -> None:
    """Delete expired keys, in proportion to the keys of the stored changes."""
    keyed = [to_us(change.at) for change in stored if change.key is not None]
    if keyed:
        connection.execute(_REMOVE_EXPIRED, (min(keyed), EXPIRED_PER_KEY * len(keyed)))


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


def _first_of(connection: sqlite3.Connection, change: Change) -> Change | None:
    """Return the stored change of an earlier request with the same key or incident id."""
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
