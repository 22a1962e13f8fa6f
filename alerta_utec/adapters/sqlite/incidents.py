"""The incidents and their feed of changes in SQLite."""

from collections.abc import Sequence
from contextlib import closing
from sys import getsizeof
from typing import Any

from alerta_utec.adapters.page import take_page
from alerta_utec.adapters.sqlite.commit_statements import read_position
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.group_commit import (
    BatchScheduler,
    CommitListener,
    CommitStep,
    GroupCommit,
)
from alerta_utec.adapters.sqlite.rows import (
    CHANGE_COLUMNS,
    INTEGER_MAX,
    decode_incident,
    separate_changes,
)
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import NotFound
from alerta_utec.domain.folding import fold
from alerta_utec.domain.incident import Incident
from alerta_utec.ports.incidents import HISTORY_PAGE, Committed, IncidentPage, Query


class SqliteIncidents:
    """An ``IncidentStore`` on SQLite.

    Args:
        listener: receives each committed change; see ``CommitListener``.
        steps: add the rows of wings to the transaction of each change, such as the jobs of
            notifications.
        scheduler: lets other callers queue their changes first; see ``BatchScheduler``.
    """

    def __init__(
        self,
        database: Database,
        *,
        listener: CommitListener | None = None,
        steps: Sequence[CommitStep] = (),
        scheduler: BatchScheduler | None = None,
    ):
        self._database = database
        self._commits = GroupCommit(database, listener=listener, steps=steps, scheduler=scheduler)

    def commit(self, change: Change, *, expected_revision: int | None = None) -> Committed:
        return self._commits.commit(change, expected_revision)

    def get(self, incident_id: str) -> Incident:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT state FROM incidents WHERE incident_id = ?", (incident_id,)
            ).fetchone()
        if row is None:
            raise NotFound(incident_id)
        return decode_incident(row[0])

    def history(
        self, incident_id: str, *, limit: int = HISTORY_PAGE, before_revision: int | None = None
    ) -> Sequence[Change]:
        query = (
            f"SELECT {CHANGE_COLUMNS} FROM changes WHERE incident_id = ? AND revision < ? "  # noqa: S608 (a constant)
            "ORDER BY revision DESC LIMIT ?"
        )
        before = INTEGER_MAX if before_revision is None else before_revision
        values = (incident_id, before, limit)
        with self._database.read() as connection, closing(connection.cursor()) as cursor:
            rows, _ = take_page(cursor.execute(query, values), limit, _size_bytes)
        if not rows:
            self.get(incident_id)
        return self._readable(rows[::-1])

    def page(self, query: Query) -> IncidentPage:
        sql, values = _listing(query)
        with self._database.read() as connection, closing(connection.cursor()) as cursor:
            rows, more = take_page(cursor.execute(sql, values), query.limit, _size_bytes)
        incidents, _ = self._database.damaged_rows.separate(
            rows, lambda row: decode_incident(row[1]), lambda row: f"incident {row[0]}"
        )
        return IncidentPage(incidents, rows[-1][0] if more else None)

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        query = f"SELECT {CHANGE_COLUMNS} FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 (a constant)
        found: list[Change] = []
        while len(found) < limit:
            wanted = limit - len(found)
            with self._database.read() as connection:
                rows = connection.execute(query, (after_seq, wanted)).fetchall()
            found += self._readable(rows)
            if len(rows) < wanted:
                break
            after_seq = rows[-1][0]
        return found

    def _readable(self, rows: Sequence[Any]) -> list[Change]:
        changes, _ = separate_changes(self._database.damaged_rows, rows)
        return changes

    def position(self) -> Position:
        with self._database.read() as connection:
            return read_position(connection)

    def indexed_position(self) -> Position:
        return self.position()

    @property
    def damaged_rows(self) -> int:
        return self._database.damaged_rows.count


def _size_bytes(row: tuple[Any, ...]) -> int:
    """Return the memory of a row: a text with one emoji has four bytes for each character."""
    return sum(map(getsizeof, row))


def _listing(query: Query) -> tuple[str, list[Any]]:
    """Return the query for a page and one row more, which tells whether another page follows."""
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
            values.append(fold(text))
    where = f"WHERE {' AND '.join(terms)} " if terms else ""
    sql = f"SELECT created_seq, state FROM incidents {where}ORDER BY created_seq DESC LIMIT ?"  # noqa: S608 (constants)
    return sql, [*values, query.limit + 1]
