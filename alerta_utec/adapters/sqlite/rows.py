"""The conversion of changes and times to and from SQLite's rows."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from alerta_utec.adapters.damaged_rows import DamagedRows
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.folding import fold
from alerta_utec.domain.incident import Incident

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# SQLite's largest integer.
INTEGER_MAX = 2**63 - 1

CHANGE_COLUMNS = (
    "changes.seq, made_by, note, digest, user, key, state_before, state_after, "
    "(SELECT epoch FROM feed)"
)
SAVE_INCIDENT = """
INSERT INTO incidents (created_seq, incident_id, revision, status, urgency, type_folded,
                       location_folded, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (incident_id) DO UPDATE SET
    revision = excluded.revision, status = excluded.status, urgency = excluded.urgency,
    type_folded = excluded.type_folded, location_folded = excluded.location_folded,
    state = excluded.state
"""


def to_us(moment: datetime) -> int:
    """Return the microseconds since 1970, exactly."""
    return (moment - _START) // _MICROSECOND


def from_us(moment_us: int) -> datetime:
    """Return the time that ``to_us`` converted."""
    return _START + moment_us * _MICROSECOND


def encode_incident(incident: Incident) -> str:
    """Return the incident as JSON with every field."""
    return to_json(incident.to_record()).decode()


def decode_incident(state: str) -> Incident:
    """Return the incident that ``encode_incident`` wrote."""
    return Incident.from_json(from_json(state))


def change_insert(change: Change, state_after: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that stores a change, and its values.

    ``state_after`` is the encoded ``change.after``. Columns without a value are left out: for
    each ``None``, Python's ``sqlite3`` first looks for an adapter, which takes longer than the rest
    of the row.
    """
    after, key = change.after, change.key
    row = {
        "seq": after.seq,
        "incident_id": after.incident_id,
        "revision": after.revision,
        "made_by": change.by,
        "note": change.note,
        "digest": change.digest,
        "user": key and key.user,
        "key": key and key.key,
        "state_before": change.before and encode_incident(change.before),
        "state_after": state_after,
    }
    given = {column: value for column, value in row.items() if value is not None}
    return _insert_into_changes(tuple(given)), tuple(given.values())


@lru_cache
def _insert_into_changes(columns: tuple[str, ...]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO changes ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 (constants)


def incident_row(incident: Incident, state: str) -> tuple[Any, ...]:
    """Return the values for ``SAVE_INCIDENT``; ``state`` is the encoded incident."""
    return (
        incident.seq,
        incident.incident_id,
        incident.revision,
        incident.status.value,
        incident.urgency.value,
        fold(incident.type),
        fold(incident.location),
        state,
    )


def change_from(row: tuple[Any, ...] | sqlite3.Row) -> Change:
    """Return the change in a row of ``CHANGE_COLUMNS``."""
    seq, by, note, digest, user, key, before, after, epoch = row
    return Change(
        before=decode_incident(before) if before else None,
        after=decode_incident(after),
        by=by,
        note=note,
        digest=digest,
        key=IdempotencyKey(user, key) if key is not None else None,
        position=Position(epoch, seq),
    )


def separate_changes(
    damaged_rows: DamagedRows, rows: Iterable[Any]
) -> tuple[list[Change], list[int]]:
    """Return the changes in rows of ``CHANGE_COLUMNS``, and the ``seq`` of each damaged row."""
    changes, damaged = damaged_rows.separate(rows, change_from, lambda row: f"change {row[0]}")
    return changes, [row[0] for row in damaged]
