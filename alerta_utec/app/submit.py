"""Taking in incidents."""

from dataclasses import dataclass

from alerta_utec.domain.change import Change, IdempotencyKey
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.ports import Clock, Committed, IncidentStore


@dataclass(frozen=True)
class Submit:
    """Stores what callers report; delivery follows from the commit, not from here."""

    store: IncidentStore
    clock: Clock

    def notify(
        self, report: Report, *, idempotency_key: str | None = None, user: str | None = None
    ) -> Committed:
        """Take in a new incident.

        Safe to repeat with the same ``incidentId`` or ``idempotency_key`` (per user, 24 h).

        Raises:
            Conflict: the id or key was used before with other content.
            Unavailable: nothing was stored; repeat with the same id or key.
        """
        now = self.clock.now()
        incident = Incident.taken_in(report, incident_id=uuid7(now), at=now, reported_by=user)
        key = IdempotencyKey(user or "", idempotency_key) if idempotency_key else None
        change = Change(None, incident, by=user, digest=report.digest(), key=key)
        return self.store.commit(change)
