"""Changes to commit, for any suite."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerta_utec.domain.change import Change, IdempotencyKey
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.webhooks.model import Webhook
from alerta_utec.webhooks.requests import WebhookRequest

# In the future, so that no table's TTL removes what a test has just written.
T0 = datetime(2035, 11, 16, 18, 12, 0, 123456, tzinfo=UTC)

PLAIN: dict[str, Any] = {
    "type": "prueba",
    "location": "Laboratorio A",
    "description": "Mensaje de prueba",
    "urgency": "low",
}


def creation(
    *,
    at: datetime = T0,
    key: str | None = None,
    user: str | None = None,
    staff: bool = False,
    **fields: Any,
) -> Change:
    """Return the change that ``notify`` makes of ``PLAIN`` and ``fields``, with a new id."""
    report = Report.parse(PLAIN | fields)
    incident = Incident.from_report(
        report,
        incident_id=uuid7(at),
        at=at,
        reported_by=user,
        reported_by_staff=staff,
    )
    name = IdempotencyKey(user or "", key) if key else None
    return Change(None, incident, by=user, digest=report.digest(), key=name)


def update(
    before: Incident,
    *,
    at: datetime | None = None,
    by: str | None = None,
    note: str | None = None,
    **fields: Any,
) -> Change:
    """Return an update to the next revision of ``before``."""
    moment = at or before.updated_at + timedelta(seconds=1)
    new = {"revision": before.revision + 1, "updated_at": moment}
    return Change(before, before.model_copy(update=fields | new), by=by, note=note)


def webhook(*, at: datetime = T0, since_seq: int = 0, **fields: Any) -> Webhook:
    """Return a webhook made of ``fields``, with a new id and a secret of its own."""
    wanted = WebhookRequest.to_create({"url": "https://receptor.example/ganchos"} | fields)
    return wanted.created(uuid7(at), at=at, since_seq=since_seq)
