"""What a webhook is told: a CloudEvents 1.0 event, signed as Standard Webhooks 1.0.0 has it."""

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

# Reverse DNS, as CloudEvents asks for; full stops and plain words, as Standard Webhooks does.
CREATED = "pe.edu.utec.alerta.incident.created"
UPDATED = "pe.edu.utec.alerta.incident.updated"
RESOLVED = "pe.edu.utec.alerta.incident.resolved"
TRIED = "pe.edu.utec.alerta.webhook.test"
TYPES = (CREATED, UPDATED, RESOLVED, TRIED)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, ready to be posted to any webhook; its body is the same at each try."""

    event_id: str
    body: bytes

    def headers(self, secrets: Sequence[Secret], at: datetime) -> Mapping[str, str]:
        """Of the request that tries ``at`` this time, with a signature by each secret."""
        timestamp = str(int(at.timestamp()))
        signed = b".".join((self.event_id.encode(), timestamp.encode(), self.body))
        return {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": f"alerta-utec/{__version__}",
            "webhook-id": self.event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
        }


def event_of(change: Change, *, source: str) -> Event:
    """The event of a committed change, without anybody's name.

    ``source``: a URI reference of the service (CloudEvents 1.0, "source"), always the same.
    """
    kind = CREATED if change.before is None else RESOLVED if change.resolves() else UPDATED
    data = {
        "incident": change.after.to_json(),
        "position": str(change.position),
        "change": change.history_entry(),
    }
    return _event(_name(change), kind, source, change.incident_id, change.at, data)


def trial(webhook_id: str, *, source: str, at: datetime) -> Event:
    """An event that tells of nothing, to try a webhook with."""
    return _event(f"msg_{uuid7(at)}", TRIED, source, webhook_id, at, {"webhookId": webhook_id})


def _event(
    event_id: str, kind: str, source: str, subject: str, at: datetime, data: Mapping[str, Any]
) -> Event:
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
    return Event(event_id, encode(envelope).encode())


def _name(change: Change) -> str:
    """The same for the same change, however often it is sent.

    An incident's id may be the caller's, with full stops, which a signed id must not have. The
    time is in it since a restored store counts its revisions again from an earlier one.
    """
    named = f"{change.incident_id}\n{change.after.revision}\n{format_time(change.at)}"
    return f"msg_{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _signature(secret: Secret, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret.key, signed, "sha256")).decode()
