"""Taking in incidents."""

from dataclasses import dataclass

from alerta_utec.domain.change import Change, IdempotencyKey
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.policy import ANONYMOUS, Identity, Permission, permission_for
from alerta_utec.domain.update import Update
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import Committed, IncidentStore

UPDATE_TRIES = 20


@dataclass(frozen=True)
class Submit:
    """Stores what callers report; delivery follows from the commit, not from here."""

    store: IncidentStore
    clock: Clock

    def notify(
        self, report: Report, *, idempotency_key: str | None = None, by: Identity = ANONYMOUS
    ) -> Committed:
        """Take in a new incident.

        Safe to repeat with the same ``incidentId`` or ``idempotency_key`` (per user, 24 h).

        Raises:
            Forbidden: ``by`` may not.
            Conflict: the id or key was used before with other content.
            Unavailable: nothing was stored; repeat with the same id or key.
        """
        by.require(Permission.REPORT)
        now = self.clock.now()
        incident = Incident.from_report(report, incident_id=uuid7(now), at=now, reported_by=by.user)
        key = IdempotencyKey(by.user or "", idempotency_key) if idempotency_key else None
        change = Change(None, incident, by=by.user, digest=report.digest(), key=key)
        return self.store.commit(change)

    def update(
        self,
        incident_id: str,
        update: Update,
        *,
        revision: int | None = None,
        by: Identity = ANONYMOUS,
    ) -> Committed:
        """Move an incident on: its status, its urgency, a note, or several at once.

        With ``revision`` the incident must still be at that one. Without, the change is made
        onto whatever it is at; where others change it at the same moment, again onto theirs.
        An update that changes nothing and has no note is answered with what is there, as a
        duplicate: two people who press the same button both succeed.

        Raises:
            NotFound: there is no such incident.
            Forbidden: ``by`` may not do all of it; nothing of it is done.
            InvalidTransition: the status does not move that way.
            Conflict: the incident is not at ``revision`` any more.
            Unavailable: nothing was stored, or it is not known.
        """
        for _ in range(UPDATE_TRIES):
            before = self.store.get(incident_id)
            if revision is not None and before.revision != revision:
                raise Conflict(incident_id)
            change = self._move(before, update, by)
            if change is None:
                return Committed(self.store.history(incident_id)[-1], duplicate=True)
            try:
                return self.store.commit(change, expected_revision=before.revision)
            except Conflict:
                if revision is not None:
                    raise
        raise Unavailable("others change it all the time")

    def _move(self, before: Incident, update: Update, by: Identity) -> Change | None:
        status = update.status if update.status is not before.status else None
        urgency = update.urgency if update.urgency is not before.urgency else None
        if status is not None:
            by.require(permission_for(before.status, status))
        if urgency is not None:
            by.require(Permission.CHANGE_URGENCY)
        if update.note is not None:
            by.require(Permission.ADD_NOTE)
        if status is None and urgency is None and update.note is None:
            by.require(Permission.CHANGE_STATUS)
            return None
        after = before.updated(at=self.clock.now(), status=status, urgency=urgency)
        return Change(before, after, by=by.user, note=update.note)
