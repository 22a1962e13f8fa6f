"""Reading the changes that a client has missed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerta_utec.app.access import WHOLE, View
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import IncidentPage, IncidentStore, Query
from alerta_utec.wire import encoded_size

# Room for the rest of the frame under 100 KB.
INCIDENTS_MAX_BYTES = 96 * 1024
CHANGES_PER_READ = 200
SNAPSHOT_PER_READ = 100
OPEN = frozenset({Status.PENDIENTE, Status.EN_ATENCION})

_CURSOR = re.compile(r"([0-9a-z]{1,32}):(\d{1,18}):(\d{1,18})")


@dataclass(frozen=True, slots=True)
class CatchUpPage:
    """One page of the changes that a client has missed.

    ``incidents``: JSON of the latest state of each, under 96 KB together. ``position``: the
    client's position once it has every page. ``more``: another page follows, of the snapshot
    that ``cursor`` continues or, without a cursor, of the changes since ``position``.
    ``reset``: the first page of a snapshot, which replaces everything the client has.
    """

    incidents: Sequence[dict[str, Any]]
    position: Position
    more: bool = False
    reset: bool = False
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a snapshot continues, and the position that holds once it is complete."""

    position: Position
    before_seq: int

    def __str__(self) -> str:
        return f"{self.position}:{self.before_seq}"

    @classmethod
    def parse(cls, text: str) -> "_Cursor":
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidRequest(problems=[Problem("cursor", "not_valid")])
        return cls(Position(match[1], int(match[2])), int(match[3]))


@dataclass(frozen=True)
class CatchUp:
    """Reads, page by page, what a client has missed."""

    store: IncidentStore

    def position(self) -> Position:
        """Return the feed's position.

        Raises:
            Unavailable: it cannot be read now.
        """
        return self.store.position()

    def since(self, position: Position, view: View = WHOLE) -> CatchUpPage:
        """Return the next page of the changes since ``position`` that ``view`` shows.

        A position that this feed has never had (another epoch, or ahead of it) gets a
        snapshot instead.

        Raises:
            Unavailable.
        """
        head = self.store.position()
        if position.epoch != head.epoch or position.seq > head.seq:
            return self.snapshot(None, view)
        changes = self.store.changes(after_seq=position.seq, limit=CHANGES_PER_READ)
        latest, last_seq = _fill(changes, position.seq, view)
        read_all = not changes or last_seq == changes[-1].after.seq
        if read_all and len(changes) < CHANGES_PER_READ:
            # Nothing more follows but rows that cannot be read: they must not be asked for again.
            last_seq = max(last_seq, head.seq)
        return CatchUpPage(latest, replace(head, seq=last_seq), more=last_seq < head.seq)

    def snapshot(self, cursor: str | None = None, view: View = WHOLE) -> CatchUpPage:
        """Return a page of the open incidents that match ``view``, the newest first.

        Its position is read before its first incident: changes made while the client pages
        follow afterwards, as changes since that position.

        Raises:
            InvalidRequest: ``cursor`` is malformed.
            Unavailable.
        """
        head = self.store.position()
        place = None if cursor is None else _Cursor.parse(cursor)
        if place is not None and place.position.epoch != head.epoch:
            place = None
        position = self.store.indexed_position() if place is None else place.position
        incidents, next_seq = self._open(None if place is None else place.before_seq, view)
        return CatchUpPage(
            incidents,
            position,
            more=next_seq is not None or position.seq < head.seq,
            reset=place is None,
            cursor=None if next_seq is None else str(_Cursor(position, next_seq)),
        )

    def _open(self, before_seq: int | None, view: View) -> tuple[list[dict[str, Any]], int | None]:
        limit = SNAPSHOT_PER_READ
        while True:
            page: IncidentPage = self.store.page(
                Query(limit=limit, before_seq=before_seq, status=OPEN)
            )
            incidents = [
                incident.to_json(private=view.private)
                for incident in page.incidents
                if view.filter.matches(incident)
            ]
            size = sum(map(encoded_size, incidents))
            if size <= INCIDENTS_MAX_BYTES or limit == 1:
                return incidents, page.next_seq
            # The largest incident fits several times, so this ends.
            limit = max(1, min(limit, len(incidents)) * INCIDENTS_MAX_BYTES // (size * 2))


def _fill(changes: Iterable[Change], last_seq: int, view: View) -> tuple[list[dict[str, Any]], int]:
    """Return the latest state of each incident in as many changes as fit, and the last ``seq``.

    An incident that a change moves into the view or out of it is included.
    """
    latest: dict[str, dict[str, Any]] = {}
    size = 0
    for change in changes:
        if change.incident_id not in latest and not view.filter.concerns(change):
            last_seq = change.after.seq
            continue
        state = change.after.to_json(private=view.private)
        replaced = latest.get(change.incident_id)
        size += encoded_size(state) - (encoded_size(replaced) if replaced else 0)
        if size > INCIDENTS_MAX_BYTES and latest:
            break
        # Removed first, so that incidents stay in the order of their latest changes.
        latest.pop(change.incident_id, None)
        latest[change.incident_id] = state
        last_seq = change.after.seq
    return list(latest.values()), last_seq
