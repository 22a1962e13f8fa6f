"""Reporting and updating incidents."""

import re
from dataclasses import dataclass
from datetime import datetime

from alerta_utec.domain.change import Change, IdempotencyKey
from alerta_utec.domain.errors import (
    Conflict,
    Forbidden,
    InvalidIncident,
    Problem,
    Unavailable,
)
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.policy import ANONYMOUS, Identity, Permission, permission_for
from alerta_utec.domain.update import UpdateRequest, require_advance
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import Committed, IncidentStore

UPDATE_TRIES = 20
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Submit:
    """Stores reports and updates; their delivery follows from the commit, not from the request."""

    store: IncidentStore
    clock: Clock

    def notify(
        self,
        report: Report,
        *,
        idempotency_key: str | None = None,
        by: Identity = ANONYMOUS,
        request_id: str | None = None,
    ) -> Committed:
        """Store a new incident; ``request_id`` is the gateway's, for the logs.

        Safe to repeat with the same ``incidentId`` or ``idempotency_key`` (per user, 24 h).

        Raises:
            Forbidden: the policy does not let ``by`` report, or not this incident.
            InvalidIncident: it has an id that is no UUID, and ``by`` is not of the staff.
            Conflict: the id or key was used before with other content.
            Unavailable: nothing was stored; repeat with the same id or key.
        """
        by.require(Permission.REPORT)
        # Without sign-in all callers are equal.
        if report.incident_id is not None and by.user is not None and not by.is_staff:
            _require_uuid(report.incident_id)
        now = self.clock.now()
        incident = Incident.from_report(
            report,
            incident_id=uuid7(now),
            at=now,
            reported_by=by.user,
            reported_by_staff=by.is_staff,
        )
        key = IdempotencyKey(by.user or "", idempotency_key) if idempotency_key else None
        _require_match(by, incident)
        change = Change(
            None, incident, by=by.user, digest=report.digest(), key=key, request_id=request_id
        )
        return self.store.commit(change)

    def update(
        self,
        incident_id: str,
        update: UpdateRequest,
        *,
        revision: int | None = None,
        by: Identity = ANONYMOUS,
        request_id: str | None = None,
    ) -> Committed:
        """Change an incident's status or urgency, add a note, or several of these at once.

        With ``revision`` the incident must still be at that revision. Without it the update is
        applied to the current revision, and applied again if another commit came first.
        An update that changes nothing and has no note returns the last change as a duplicate:
        two people who press the same button both succeed.

        Raises:
            NotFound: the incident does not exist.
            Forbidden: the policy refuses ``by`` part of the update; nothing is stored.
            InvalidTransition: the status cannot change that way.
            InvalidRequest: the incident has too many revisions for it; see ``require_advance``.
            Conflict: the incident is no longer at ``revision``.
            Unavailable: nothing was stored, or the outcome is unknown.
        """
        for _ in range(UPDATE_TRIES):
            before = self.store.get(incident_id)
            _require_match(by, before)
            if revision is not None and before.revision != revision:
                raise Conflict(incident_id)
            change = _change(before, update, by, self.clock.now(), request_id)
            if change is None:
                return Committed(self._last_change(incident_id), duplicate=True)
            try:
                return self.store.commit(change, expected_revision=before.revision)
            except Conflict:
                if revision is not None:
                    raise
        raise Unavailable("another commit came first each time")

    def _last_change(self, incident_id: str) -> Change:
        changes = self.store.history(incident_id, limit=1)
        if not changes:
            raise Unavailable("the last change cannot be read")
        return changes[-1]


def _require_match(by: Identity, incident: Incident) -> None:
    """Check that the filter of a key accepts the incident.

    Raises:
        Forbidden: it does not.
    """
    if not by.can_see(incident):
        raise Forbidden("outside the key's filter")


def _require_uuid(incident_id: str) -> None:
    """Check that the id is a UUID (RFC 9562): others can be foreseen and taken in advance.

    Raises:
        InvalidIncident: it is not.
    """
    if not _UUID.fullmatch(incident_id):
        raise InvalidIncident(problems=[Problem("incident.incidentId", "not_uuid")])


def _change(
    before: Incident, update: UpdateRequest, by: Identity, at: datetime, request_id: str | None
) -> Change | None:
    """Return the change that the update makes; ``None`` if it changes nothing.

    Raises:
        Forbidden, InvalidTransition.
        InvalidRequest: the incident has too many revisions for it.
    """
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
    require_advance(before, status, urgency)
    after = before.updated(at=at, status=status, urgency=urgency)
    return Change(before, after, by=by.user, note=update.note, request_id=request_id)
