"""Statistics of incidents: counts by kind, place and hour, and response times."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any
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
        changes, all_changes = self._changes_of(incidents)
        return {
            "since": format_time(since),
            "days": days,
            "total": len(incidents),
            "complete": all_incidents and all_changes,
            "byStatus": _counts(i.status.value for i in incidents),
            "byUrgency": _counts(i.urgency.value for i in incidents),
            "byType": _counts(_one_spelling(i.type for i in incidents)),
            "byLocation": _counts(_one_spelling(i.location for i in incidents)),
            "byHour": self._by_hour(incidents),
            "toAttend": _times(changes, {Status.EN_ATENCION, Status.RESUELTO}),
            "toResolve": _times(changes, {Status.RESUELTO}),
        }

    def _reported(self, since: datetime) -> tuple[list[Incident], bool]:
        incidents: list[Incident] = []
        for read, incident in enumerate(self._newest_first()):
            if incident.created_at < since:
                break
            if read == INCIDENTS_MAX:
                return incidents, False
            if not incident.drill:
                incidents.append(incident)
        return incidents, True

    def _newest_first(self) -> Iterator[Incident]:
        before_seq: int | None = None
        while True:
            page = self.store.page(Query(limit=PER_READ, before_seq=before_seq))
            yield from page.incidents
            if page.next_seq is None:
                return
            before_seq = page.next_seq

    def _changes_of(self, incidents: Sequence[Incident]) -> tuple[dict[str, list[Change]], bool]:
        """Return each incident's changes, oldest first, and whether the bound left all of them."""
        found: dict[str, list[Change]] = {incident.incident_id: [] for incident in incidents}
        if not incidents:
            return found, True
        after_seq = self.store.history(incidents[-1].incident_id)[0].after.seq - 1
        for _ in range(CHANGES_MAX // PER_READ):
            changes = self.store.changes(after_seq=after_seq, limit=PER_READ)
            if not changes:
                return found, True
            for change in changes:
                found.get(change.incident_id, []).append(change)
            after_seq = changes[-1].after.seq
        return found, False

    def _by_hour(self, incidents: Sequence[Incident]) -> list[int]:
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


def _times(changes: dict[str, list[Change]], reached: set[Status]) -> dict[str, Any]:
    seconds = sorted(
        (first.at - first.after.created_at).total_seconds()
        for first in (_first(own, reached) for own in changes.values())
        if first is not None
    )
    if not seconds:
        return {"count": 0, "median": None, "p90": None}
    nearest_rank = -(-len(seconds) * 9 // 10) - 1
    return {
        "count": len(seconds),
        "median": round(statistics.median(seconds), 3),
        "p90": round(seconds[nearest_rank], 3),
    }


def _first(changes: Sequence[Change], reached: set[Status]) -> Change | None:
    """Return the first change of the status to one of ``reached``."""
    moves = (change for change in changes if change.before and "status" in change.changed_fields())
    return next((change for change in moves if change.after.status in reached), None)
