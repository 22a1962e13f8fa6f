"""The signed request for one event: Standard Webhooks 1.0.0 around any format."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerta_utec import __version__
from alerta_utec.webhooks.events import WebhookEvent
from alerta_utec.webhooks.formats import ENCODERS
from alerta_utec.webhooks.model import Secret, Webhook


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The headers and the body of a POST to a webhook."""

    headers: Mapping[str, str]
    body: bytes


def signed_request(webhook: Webhook, event: WebhookEvent, at: datetime) -> SignedRequest:
    """Return the request to send ``at`` this time, in the webhook's format."""
    encoder = ENCODERS[webhook.format]
    body, timestamp = encoder.encode(event), str(int(at.timestamp()))
    headers = {
        "content-type": encoder.content_type,
        "user-agent": f"alerta-utec/{__version__}",
        "webhook-id": event.event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(webhook.signing(at), event.event_id, timestamp, body),
    }
    return SignedRequest(headers, body)


def signature(secrets: Iterable[Secret], event_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of ``webhook-signature``: one signature by each secret."""
    content = b".".join((event_id.encode(), timestamp.encode(), body))
    digests = (hmac.digest(secret.key, content, "sha256") for secret in secrets)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)
