"""The record of what was sent, in the database of the incidents."""

from collections.abc import Sequence

from pydantic_core import from_json, to_json

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import INTEGER_MAX, from_us, to_us
from alerta_utec.domain.delivery import Delivery

_SAVE = """
INSERT INTO deliveries (incident_id, revision, channel, at_us, outcome) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (incident_id, revision, channel) DO UPDATE SET
    at_us = excluded.at_us, outcome = excluded.outcome
"""
_OF = """
SELECT revision, channel, at_us, outcome FROM deliveries
WHERE incident_id = ? AND revision BETWEEN ? AND ? ORDER BY revision, channel
"""


def first_and_last(revisions: range | None) -> tuple[int, int]:
    """Return the values of ``revision BETWEEN ? AND ?`` for these revisions, or for all."""
    return (1, INTEGER_MAX) if revisions is None else (revisions.start, revisions.stop - 1)


class SqliteDeliveries:
    """``Deliveries`` with one row for each change and channel; ``record`` is one transaction."""

    def __init__(self, database: Database):
        self._database = database

    def record(self, deliveries: Sequence[Delivery]) -> None:
        rows = [
            (d.incident_id, d.revision, d.channel, to_us(d.at), to_json(d.outcome).decode())
            for d in deliveries
        ]
        with self._database.write() as connection:
            connection.executemany(_SAVE, rows)

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        with self._database.read() as connection:
            rows = connection.execute(_OF, (incident_id, *first_and_last(revisions))).fetchall()
        return tuple(
            Delivery(incident_id, revision, channel, from_us(at_us), from_json(outcome))
            for revision, channel, at_us, outcome in rows
        )
