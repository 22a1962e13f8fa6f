"""The events that webhooks receive, as the attributes and the data of CloudEvents 1.0."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.values import format_time

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

# CloudEvents asks for reverse DNS names; Standard Webhooks for words with full stops between.
CREATED = "pe.edu.utec.alerta.incident.created"
UPDATED = "pe.edu.utec.alerta.incident.updated"
RESOLVED = "pe.edu.utec.alerta.incident.resolved"
TEST = "pe.edu.utec.alerta.webhook.test"
EVENT_TYPES = (CREATED, UPDATED, RESOLVED, TEST)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event, the same at each attempt; ``formats`` encodes it for a webhook.

    ``source``: a URI reference of the service (CloudEvents 1.0, "source"), always the same.
    """

    event_id: str
    kind: str
    source: str
    subject: str
    at: datetime
    data: Mapping[str, Any]

    def to_cloudevent(self) -> Mapping[str, Any]:
        """Return the event in the JSON event format of CloudEvents 1.0."""
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.kind,
            "subject": self.subject,
            "time": format_time(self.at),
            "datacontenttype": "application/json",
            "data": self.data,
        }


def incident_event(change: "Change", *, source: str) -> WebhookEvent:
    """Return the event of a committed change, without personal names."""
    kind = CREATED if change.before is None else RESOLVED if change.resolves() else UPDATED
    data = {
        "incident": change.after.to_json(),
        "position": str(change.position),
        "change": change.history_entry(),
    }
    return WebhookEvent(_event_id(change), kind, source, change.incident_id, change.at, data)


def webhook_test_event(webhook_id: str, *, source: str, at: datetime) -> WebhookEvent:
    """Return an event without an incident, to test a webhook with."""
    data = {"webhookId": webhook_id}
    return WebhookEvent(f"msg_{uuid7(at)}", TEST, source, webhook_id, at, data)


def _event_id(change: "Change") -> str:
    """Return the event id of a change: always the same, however often the change is sent.

    It is a hash, since an incident id chosen by a caller may contain full stops, which separate
    the parts that are signed. The time is hashed too: a store restored from a backup counts its
    revisions again from an earlier one.
    """
    identity = f"{change.incident_id}\n{change.after.revision}\n{format_time(change.at)}"
    return f"msg_{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
