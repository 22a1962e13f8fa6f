"""Webhooks in the OpenAPI document: the routes that manage them, and the events they receive."""

from alerta_utec.handlers.openapi.parts import Document, get, json_of, path_id, problems
from alerta_utec.handlers.openapi.schemas import (
    COUNT,
    ID_EXAMPLE,
    POSITION,
    REVISION,
    TEXT,
    TIME,
    Schema,
    object_of,
    ref,
)
from alerta_utec.webhooks.events import CREATED, RESOLVED, TEST, UPDATED
from alerta_utec.webhooks.model import State
from alerta_utec.webhooks.requests import DESCRIPTION_MAX, URL_MAX

_URL: Schema = {
    "type": "string",
    "maxLength": URL_MAX,
    "description": "http or https, without user, password or fragment",
    "examples": ["https://panel.example.edu/alertas"],
}
_DESCRIPTION: Schema = {"type": "string", "maxLength": DESCRIPTION_MAX}
_SECRET: Schema = {
    "type": "string",
    "pattern": "^whsec_[A-Za-z0-9+/]{32,88}={0,2}$",
    "description": "24 to 64 bytes in base64; shown once, in the response that introduces it",
}
_BECAUSE: Schema = {**TEXT, "deprecated": True, "description": "The former name of `reason`"}
_ID: Schema = {"type": "string", "examples": [ID_EXAMPLE]}


def paths() -> Document:
    """Return the routes that manage webhooks, by path."""
    one = {"parameters": [path_id("webhookId")]}
    operations = {
        "": {
            "get": _get("Show a webhook", "Webhook", "not_found"),
            "patch": _post("Change a webhook", "Webhook", "WebhookChange"),
            "delete": _delete(),
        },
        "/secret": {"post": _rotate()},
        "/failures": {
            "get": _get("List the changes it did not receive", "WebhookFailures", "not_found")
        },
        "/retry": {"post": _post("Send it now everything it has not received", "WebhookRetry")},
        "/test": {"post": _post("Send it a test event now", "WebhookTest")},
    }
    return {
        "/webhooks": {
            "get": _get("List the webhooks, the oldest first", "WebhookList"),
            "post": _create(),
        },
        **{f"/webhooks/{{webhookId}}{path}": one | own for path, own in operations.items()},
    }


def sent() -> Document:
    """Return the request that a receiver gets, as the document's ``webhooks``."""
    signed = "Standard Webhooks 1.0.0"
    headers = [
        {"name": name, "in": "header", "required": True, "schema": TEXT, "description": signed}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    content = {"application/cloudevents+json": {"schema": ref("WebhookEvent")}}
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
    settable = {"url": _URL, "filter": ref("Filter"), "description": _DESCRIPTION}
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
            {"status": {"type": "integer"}, "reason": TEXT, "because": _BECAUSE},
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
            "createdAt": TIME,
        },
        {"oldSecretUntil": TIME},
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
            "because": _BECAUSE,
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


def _create() -> Document:
    shown = "WebhookWithSecret"
    operation = _post("Add a webhook that receives later changes", shown, "WebhookToAdd")
    for status in ("200", "404"):
        del operation["responses"][status]
    added = {"description": "Added", "content": json_of(ref(shown))}
    operation["responses"]["201"] = added
    return operation


def _delete() -> Document:
    return {
        "summary": "Delete a webhook and its pending deliveries",
        "responses": {
            "204": {"description": "Deleted"},
            **problems("forbidden", "not_found", "rate_limited"),
        },
    }


def _rotate() -> Document:
    summary = "Give it a new secret; the old one signs too for 24 hours"
    return _post(summary, "WebhookWithSecret", "WebhookSecret")


def _get(summary: str, schema: str, *codes: str) -> Document:
    return get(summary, schema, "forbidden", *codes)


def _post(summary: str, schema: str, body: str = "") -> Document:
    codes = ("bad_json", "invalid_request", "too_large") if body else ()
    operation = _get(summary, schema, "not_found", "rate_limited", *codes)
    if body:
        operation["requestBody"] = {"content": json_of(ref(body))}
    return operation
