"""Webhooks in the OpenAPI document: the schemas of their routes, and the events they receive."""

from alerta_utec.handlers.openapi.document import Document
from alerta_utec.handlers.openapi.schemas import (
    COUNT,
    FORMER_REASON,
    ID_EXAMPLE,
    POSITION,
    REVISION,
    TEXT,
    TIME,
    Schema,
    object_of,
)
from alerta_utec.handlers.operations import ref
from alerta_utec.webhooks.events import CREATED, RESOLVED, TEST, UPDATED
from alerta_utec.webhooks.formats import ENCODERS, Format
from alerta_utec.webhooks.model import State
from alerta_utec.webhooks.requests import DESCRIPTION_MAX, URL_MAX

_URL: Schema = {
    "type": "string",
    "maxLength": URL_MAX,
    "description": "http or https, without user, password or fragment",
    "examples": ["https://panel.example.edu/alertas"],
}
_DESCRIPTION: Schema = {"type": "string", "maxLength": DESCRIPTION_MAX}
_FORMAT: Schema = {
    "enum": list(Format),
    "default": Format.JSON,
    "description": "The content type of its requests; the body is the same",
}
_SECRET: Schema = {
    "type": "string",
    "pattern": "^whsec_[A-Za-z0-9+/]{32,88}={0,2}$",
    "description": "24 to 64 bytes in base64; shown once, in the response that introduces it",
}
_ID: Schema = {"type": "string", "examples": [ID_EXAMPLE]}


def sent() -> Document:
    """Return the request that a receiver gets, as the document's ``webhooks``."""
    signed = "Standard Webhooks 1.0.0"
    headers = [
        {"name": name, "in": "header", "required": True, "schema": TEXT, "description": signed}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    types = [encoder.content_type.partition(";")[0] for encoder in ENCODERS.values()]
    content = {name: {"schema": ref("WebhookEvent")} for name in types}
    return {
        "incident": {
            "post": {
                "summary": "A change of an incident, as a CloudEvents 1.0 event",
                "parameters": headers,
                "requestBody": {"required": True, "content": content},
                "responses": {
                    "2XX": {"description": "Accepted"},
                    "410": {"description": "Send no more: the webhook is disabled"},
                    "default": {"description": "Not accepted: the event is sent again"},
                },
                "security": [],
            }
        }
    }


def schemas() -> dict[str, Schema]:
    """Return the schemas that only webhooks use, by name."""
    settable = {
        "url": _URL,
        "filter": ref("Filter"),
        "description": _DESCRIPTION,
        "format": _FORMAT,
    }
    changed = {**settable, "state": {"enum": [State.ACTIVE, State.PAUSED]}}
    return {
        "Webhook": _webhook(),
        "WebhookWithSecret": {
            "allOf": [ref("Webhook"), object_of({"secret": _SECRET})],
        },
        "WebhookList": object_of({"webhooks": {"type": "array", "items": ref("Webhook")}}),
        "WebhookToAdd": _closed({"url": _URL}, {**settable, "secret": _SECRET}),
        "WebhookChange": _closed({}, changed),
        "WebhookSecret": _closed({}, {"secret": _SECRET}),
        "WebhookFailures": object_of({"failures": {"type": "array", "items": _failure()}}),
        "WebhookRetry": object_of({"owed": COUNT}),
        "WebhookTest": object_of(
            {"ok": {"type": "boolean"}, "ms": COUNT},
            {"status": {"type": "integer"}, "reason": TEXT, "because": FORMER_REASON},
        ),
        "WebhookEvent": _event(),
    }


def _webhook() -> Schema:
    return object_of(
        {
            "webhookId": _ID,
            "url": _URL,
            "description": _DESCRIPTION,
            "filter": ref("Filter"),
            "state": {"enum": list(State)},
            "format": _FORMAT,
            "createdAt": TIME,
        },
        {"createdBy": TEXT, "oldSecretUntil": TIME},
    )


def _failure() -> Schema:
    return object_of(
        {
            "incidentId": TEXT,
            "revision": REVISION,
            "seq": REVISION,
            "at": TIME,
            "attempts": COUNT,
            "reason": TEXT,
            "because": FORMER_REASON,
        }
    )


def _event() -> Schema:
    incident = object_of(
        {"incident": ref("Incident"), "position": POSITION, "change": ref("HistoryEntry")}
    )
    return object_of(
        {
            "specversion": {"const": "1.0"},
            "id": TEXT,
            "source": TEXT,
            "type": {"enum": [CREATED, UPDATED, RESOLVED, TEST]},
            "subject": TEXT,
            "time": TIME,
            "datacontenttype": {"const": "application/json"},
            "data": {"oneOf": [incident, object_of({"webhookId": _ID})]},
        }
    )


def _closed(required: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    return object_of(required, optional) | {"additionalProperties": False}
