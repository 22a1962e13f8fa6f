"""Every port in memory: the fakes of the tests, and ``serve --ephemeral``."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from alerta_utec.adapters.memory_notices import MemoryNotifications
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.errors import Conflict, NotFound
from alerta_utec.domain.ids import new_epoch
from alerta_utec.domain.incident import Incident
from alerta_utec.ports import KEY_TTL_S, Committed, Page, Query

log = logging.getLogger(__name__)

_KEY_TTL = timedelta(seconds=KEY_TTL_S)
_PAGE = 250


def _nobody(_change: Change) -> None:
    """Tell nobody."""


class MemoryIncidents:
    """An ``IncidentStore``; what it calls for is in ``notices``.

    ``on_commit`` is called with each committed change, in ``seq`` order; what it raises is
    logged, since the change is stored all the same.
    """

    def __init__(self, on_commit: Callable[[Change], None] = _nobody):
        self.notices = MemoryNotifications()
        self._on_commit = on_commit
        self._lock = threading.RLock()
        self._epoch = new_epoch()
        self._changes: list[Change] = []
        self._of_incident: dict[str, list[Change]] = {}
        self._keys: dict[IdempotencyKey, Change] = {}

    def commit(self, change: Change, *, expected_revision: int | None = None) -> Committed:
        with self._lock:
            first = self._first(change) if change.before is None else None
            if first is not None:
                if first.digest != change.digest:
                    raise Conflict(change.incident_id)
                return Committed(first, duplicate=True)
            self._check(change, expected_revision)
            stored = self._append(change)
            try:
                self._on_commit(stored)
            except Exception:
                log.exception("on_commit_failed", extra={"position": str(stored.position)})
            return Committed(stored)

    def get(self, incident_id: str) -> Incident:
        return self.history(incident_id)[-1].after

    def history(self, incident_id: str) -> Sequence[Change]:
        with self._lock:
            if incident_id not in self._of_incident:
                raise NotFound(incident_id)
            return tuple(self._of_incident[incident_id])

    def page(self, query: Query) -> Page:
        with self._lock:
            steps = [(own[0].after.seq, own[-1].after) for own in self._of_incident.values()]
        found = [
            (created_seq, incident)
            for created_seq, incident in sorted(steps, key=lambda step: -step[0])
            if (query.before_seq is None or created_seq < query.before_seq)
            and _matches(query, incident)
        ]
        shown = found[: query.limit]
        next_seq = shown[-1][0] if len(found) > len(shown) else None
        return Page(tuple(incident for _, incident in shown), next_seq)

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        with self._lock:
            return tuple(self._changes[after_seq : after_seq + limit])

    def position(self) -> Position:
        return Position(self._epoch, len(self._changes))

    def indexed_position(self) -> Position:
        return self.position()

    def _first(self, change: Change) -> Change | None:
        kept = self._keys.get(change.key) if change.key else None
        if kept is not None and change.at < kept.at + _KEY_TTL:
            return kept
        own = self._of_incident.get(change.incident_id)
        return own[0] if own else None

    def _check(self, change: Change, expected_revision: int | None) -> None:
        if change.before is None:
            return
        revision = self.get(change.incident_id).revision
        if change.before.revision != revision or expected_revision not in (None, revision):
            raise Conflict(change.incident_id)

    def _append(self, change: Change) -> Change:
        stored = change.committed(Position(self._epoch, len(self._changes) + 1))
        self._changes.append(stored)
        self._of_incident.setdefault(stored.incident_id, []).append(stored)
        if stored.key is not None:
            self._keys[stored.key] = stored
        if stored.alarms():
            self.notices.owe(stored)
        return stored


def _matches(query: Query, incident: Incident) -> bool:
    return (
        (not query.status or incident.status in query.status)
        and (not query.urgency or incident.urgency in query.urgency)
        and (query.type is None or incident.type.casefold() == query.type.casefold())
        and (query.location is None or incident.location.casefold() == query.location.casefold())
    )
