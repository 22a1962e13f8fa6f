"""A change: one step in an incident's life, and its place in the feed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerta_utec.domain.incident import Incident
from alerta_utec.domain.position import Position as Position
from alerta_utec.domain.values import Status, Urgency, format_time


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's own name for a request, by which a repeat within 24 h is recognised."""

    user: str
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step in an incident's life: the states before and after it, and its author."""

    # ``None`` at creation.
    before: Incident | None
    after: Incident
    by: str | None = None
    note: str | None = None
    # Only a creation has these two.
    digest: str | None = None
    key: IdempotencyKey | None = None
    # ``None`` until the change is committed.
    position: Position | None = None
    # The gateway's id of the request that made it, for the logs; SQLite does not keep it.
    request_id: str | None = field(default=None, compare=False)

    @property
    def at(self) -> datetime:
        """The time of the change."""
        return self.after.updated_at

    @property
    def incident_id(self) -> str:
        """The id of the changed incident."""
        return self.after.incident_id

    def committed(self, position: Position) -> "Change":
        """Return the same change with its place in the feed."""
        after, by = self.after.at_seq(position.seq), self.by
        return Change(
            self.before, after, by, self.note, self.digest, self.key, position, self.request_id
        )

    def log_fields(self) -> dict[str, str]:
        """Return the log fields that follow it from its request to its deliveries."""
        fields = {"position": str(self.position)}
        return fields if self.request_id is None else {**fields, "requestId": self.request_id}

    def notifies(self) -> bool:
        """Tell whether it calls for a notification: an escalation, or the all-clear after one."""
        return self.escalates() or (
            self.before is not None and self.before.alarmed and self.resolves()
        )

    def escalates(self) -> bool:
        """Tell whether the urgency rises to medium or high, or a new incident has it."""
        urgency, before = self.after.urgency, self.before
        return urgency is not Urgency.LOW and (before is None or before.urgency.rank < urgency.rank)

    def resolves(self) -> bool:
        """Tell whether it closes an open incident."""
        before = self.before
        was_open = before is not None and before.status is not Status.RESUELTO
        return was_open and self.after.status is Status.RESUELTO

    def changed_fields(self) -> Mapping[str, tuple[str | None, str]]:
        """Return which of status and urgency changed: ``{field: (before, after)}``."""
        before = self.before
        pairs = {
            "status": (before.status.value if before else None, self.after.status.value),
            "urgency": (before.urgency.value if before else None, self.after.urgency.value),
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def history_entry(self, *, private: bool = False) -> dict[str, Any]:
        """Return ``{revision, at, change, note?, by?}``; ``by`` only if ``private``."""
        entry: dict[str, Any] = {
            "revision": self.after.revision,
            "at": format_time(self.at),
            "change": {name: list(pair) for name, pair in self.changed_fields().items()},
        }
        if self.note is not None:
            entry["note"] = self.note
        if private and self.by is not None:
            entry["by"] = self.by
        return entry
