"""``Deliveries`` and ``ShardRecords`` in dictionaries."""

import threading
from collections.abc import Sequence

from alerta_utec.domain.delivery import Delivery, combine_parts, latest


class FakeDeliveries:
    """``Deliveries`` and ``ShardRecords`` in dictionaries."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, str], Delivery] = {}
        self._runs: dict[tuple[str, int, str], dict[str, dict[int, Delivery]]] = {}
        self._lock = threading.Lock()

    def record(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            for one in deliveries:
                self._kept[one.incident_id, one.revision, one.channel] = one

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        with self._lock:
            found = [one for one in self._kept.values() if one.incident_id == incident_id]
            runs = [runs for key, runs in self._runs.items() if key[0] == incident_id]
        all_ = latest([*found, *(combine_parts(own[max(own)]) for own in runs)])
        return tuple(one for one in all_ if revisions is None or one.revision in revisions)

    def record_parts(self, run: str, number: int, parts: Sequence[Delivery]) -> None:
        with self._lock:
            for part in parts:
                key = (part.incident_id, part.revision, part.channel)
                self._runs.setdefault(key, {}).setdefault(run, {})[number] = part
