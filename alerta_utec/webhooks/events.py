"""The events that webhooks receive: CloudEvents 1.0, signed by Standard Webhooks 1.0.0."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerta_utec import __version__
from alerta_utec.domain.change import Change
from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.values import format_time
from alerta_utec.webhooks.model import Secret
from alerta_utec.wire import encode

# CloudEvents asks for reverse DNS names; Standard Webhooks for words with full stops between.
CREATED = "pe.edu.utec.alerta.incident.created"
UPDATED = "pe.edu.utec.alerta.incident.updated"
RESOLVED = "pe.edu.utec.alerta.incident.resolved"
TEST = "pe.edu.utec.alerta.webhook.test"
EVENT_TYPES = (CREATED, UPDATED, RESOLVED, TEST)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event, ready to be posted to any webhook; its body is the same at each attempt."""

    event_id: str
    body: bytes

    def headers(self, secrets: Sequence[Secret], at: datetime) -> Mapping[str, str]:
        """Return the headers of a request sent ``at`` this time, signed with each secret."""
        timestamp = str(int(at.timestamp()))
        signed_content = b".".join((self.event_id.encode(), timestamp.encode(), self.body))
        return {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": f"alerta-utec/{__version__}",
            "webhook-id": self.event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(_signature(secret, signed_content) for secret in secrets),
        }


def incident_event(change: Change, *, source: str) -> WebhookEvent:
    """Return the event of a committed change, without personal names.

    ``source``: a URI reference of the service (CloudEvents 1.0, "source"), always the same.
    """
    kind = CREATED if change.before is None else RESOLVED if change.resolves() else UPDATED
    data = {
        "incident": change.after.to_json(),
        "position": str(change.position),
        "change": change.history_entry(),
    }
    return _event(_event_id(change), kind, source, change.incident_id, change.at, data)


def webhook_test_event(webhook_id: str, *, source: str, at: datetime) -> WebhookEvent:
    """Return an event without an incident, to test a webhook with."""
    return _event(f"msg_{uuid7(at)}", TEST, source, webhook_id, at, {"webhookId": webhook_id})


def _event(
    event_id: str, kind: str, source: str, subject: str, at: datetime, data: Mapping[str, Any]
) -> WebhookEvent:
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": format_time(at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return WebhookEvent(event_id, encode(envelope).encode())


def _event_id(change: Change) -> str:
    """Return the event id of a change: always the same, however often the change is sent.

    It is a hash, since an incident id chosen by a caller may contain full stops, which separate
    the parts that are signed. The time is hashed too: a store restored from a backup counts its
    revisions again from an earlier one.
    """
    identity = f"{change.incident_id}\n{change.after.revision}\n{format_time(change.at)}"
    return f"msg_{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def _signature(secret: Secret, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret.key, signed, "sha256")).decode()
