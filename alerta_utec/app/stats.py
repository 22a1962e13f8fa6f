"""Statistics of incidents: counts by kind, place and hour, and response times."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.folding import fold
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status, format_time
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import IncidentStore, Query

INCIDENTS_MAX = 10_000
CHANGES_MAX = 50_000
PER_READ = 200
NAMES_MAX = 20
# For so long the statistics of the same number of days are not counted again.
KEPT_S = 5.0


class _Reported(NamedTuple):
    """What is counted of one incident; the incident itself may be thousands of times larger."""

    incident_id: str
    type: str
    location: str
    status: str
    urgency: str
    created_at: datetime

    @classmethod
    def of(cls, incident: Incident) -> Self:
        """Return what is counted of this incident."""
        return cls(
            incident.incident_id,
            incident.type,
            incident.location,
            incident.status.value,
            incident.urgency.value,
            incident.created_at,
        )


@dataclass(slots=True)
class _Moves:
    """The seconds from one incident's report to its first changes of status."""

    created_at: datetime
    attended_s: float | None = None
    resolved_s: float | None = None

    def note(self, change: Change) -> None:
        """Take note of the incident's next change."""
        if change.before is None or "status" not in change.changed_fields():
            return
        after_s = (change.at - self.created_at).total_seconds()
        status = change.after.status
        if status is Status.RESUELTO and self.resolved_s is None:
            self.resolved_s = after_s
        if status in (Status.EN_ATENCION, Status.RESUELTO) and self.attended_s is None:
            self.attended_s = after_s


class CachedStats:
    """Statistics that are counted once at a time and kept for ``KEPT_S``; for several threads."""

    def __init__(self, stats: "Stats", monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stats = stats
        self._monotonic = monotonic
        self._counting = threading.Lock()
        # By days, with the time until which each is kept; 31 entries at most.
        self._kept: dict[int, tuple[float, dict[str, Any]]] = {}

    def of_last(self, days: int) -> dict[str, Any]:
        """Return ``Stats.of_last``, up to ``KEPT_S`` old.

        Raises:
            Unavailable.
        """
        counted = self._current(days)
        if counted is None:
            with self._counting:
                counted = self._current(days)
                if counted is None:
                    counted = self._stats.of_last(days)
                    self._kept[days] = (self._monotonic() + KEPT_S, counted)
        return counted

    def _current(self, days: int) -> dict[str, Any] | None:
        until_s, counted = self._kept.get(days, (0.0, None))
        return counted if self._monotonic() < until_s else None


@dataclass(frozen=True)
class Stats:
    """Statistics of the incidents reported lately, without drills.

    Incidents are read one by one: enough for some weeks of a campus, bounded for everything
    else. ``complete`` is false if a bound was reached: 10,000 incidents (drills included) or
    50,000 changes.
    """

    store: IncidentStore
    clock: Clock
    timezone: ZoneInfo

    def of_last(self, days: int) -> dict[str, Any]:
        """Return counts and times of the incidents reported in the last ``days`` days.

        ``byHour`` counts by the campus's hour of the day, 0 to 23. Times are in seconds, from
        the report to the first ``en_atencion`` or ``resuelto`` (``toAttend``) and to the first
        ``resuelto`` (``toResolve``): ``{count, median, p90}``.

        Raises:
            Unavailable.
        """
        since = self.clock.now() - timedelta(days=days)
        incidents, all_incidents = self._reported(since)
        moves, all_changes = self._moves_of(incidents)
        return {
            "since": format_time(since),
            "days": days,
            "total": len(incidents),
            "complete": all_incidents and all_changes,
            "byStatus": _counts(i.status for i in incidents),
            "byUrgency": _counts(i.urgency for i in incidents),
            "byType": _counts(_one_spelling(i.type for i in incidents)),
            "byLocation": _counts(_one_spelling(i.location for i in incidents)),
            "byHour": self._by_hour(incidents),
            "toAttend": _times(m.attended_s for m in moves if m.attended_s is not None),
            "toResolve": _times(m.resolved_s for m in moves if m.resolved_s is not None),
        }

    def _reported(self, since: datetime) -> tuple[list[_Reported], bool]:
        incidents: list[_Reported] = []
        for read, incident in enumerate(self._newest_first()):
            if incident.created_at < since:
                break
            if read == INCIDENTS_MAX:
                return incidents, False
            if not incident.drill:
                incidents.append(_Reported.of(incident))
        return incidents, True

    def _newest_first(self) -> Iterator[Incident]:
        before_seq: int | None = None
        while True:
            page = self.store.page(Query(limit=PER_READ, before_seq=before_seq))
            yield from page.incidents
            if page.next_seq is None:
                return
            before_seq = page.next_seq

    def _moves_of(self, incidents: Sequence[_Reported]) -> tuple[list[_Moves], bool]:
        """Return when each incident first moved, and whether the bound left all its changes."""
        found = {incident.incident_id: _Moves(incident.created_at) for incident in incidents}
        if not incidents:
            return [], True
        after_seq = self._first_seq(incidents[-1].incident_id) - 1
        for _ in range(CHANGES_MAX // PER_READ):
            changes = self.store.changes(after_seq=after_seq, limit=PER_READ)
            if not changes:
                return list(found.values()), True
            for change in changes:
                if change.incident_id in found:
                    found[change.incident_id].note(change)
            after_seq = changes[-1].after.seq
        return list(found.values()), False

    def _first_seq(self, incident_id: str) -> int:
        # A damaged creation leaves the next change out as well: then the feed is read from 1 on.
        created = self.store.history(incident_id, limit=1, before_revision=2)
        return created[0].after.seq if created else 1

    def _by_hour(self, incidents: Sequence[_Reported]) -> list[int]:
        hours = Counter(i.created_at.astimezone(self.timezone).hour for i in incidents)
        return [hours[hour] for hour in range(24)]


def _one_spelling(texts: Iterable[str]) -> Iterator[str]:
    """Yield each text as it is written most often, among those that compare as equal."""
    spellings: dict[str, Counter[str]] = {}
    for text in texts:
        spellings.setdefault(fold(text), Counter())[text] += 1
    for counter in spellings.values():
        ((most_common, _),) = counter.most_common(1)
        yield from repeat(most_common, counter.total())


def _counts(values: Iterable[str]) -> dict[str, int]:
    """Count the most frequent values, most frequent first; the others together as ``…``."""
    counter = Counter(values)
    top = dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:NAMES_MAX])
    rest = counter.total() - sum(top.values())
    return {**top, "…": rest} if rest else top


def _times(seconds: Iterable[float]) -> dict[str, Any]:
    ordered = sorted(seconds)
    if not ordered:
        return {"count": 0, "median": None, "p90": None}
    nearest_rank = -(-len(ordered) * 9 // 10) - 1
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 3),
        "p90": round(ordered[nearest_rank], 3),
    }
