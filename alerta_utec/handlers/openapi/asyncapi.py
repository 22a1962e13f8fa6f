"""The AsyncAPI 3.0 document of the WebSocket API, at ``/asyncapi.json``."""

from collections.abc import Mapping
from typing import Any

from alerta_utec import __version__, wire
from alerta_utec.domain.errors import CODES
from alerta_utec.handlers.openapi.schemas import (
    COUNT,
    INCIDENT_EXAMPLE,
    INTERVAL_S,
    POSITION,
    POSITION_EXAMPLE,
    REPORT_EXAMPLE,
    REQUEST_ID,
    REVISION,
    TEXT,
    TIME,
    components,
)
from alerta_utec.handlers.operations import ref

Document = dict[str, Any]


def document(url: str) -> Document:
    """Return the document of a service whose WebSocket API is at ``url``."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    names = [*_SENT, *_RECEIVED]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Alerta UTEC Realtime", "version": __version__},
        "defaultContentType": "application/json",
        "servers": {"main": {"host": host, "pathname": f"/{path}", "protocol": scheme}},
        "channels": {
            "socket": {
                "address": "/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            **{name: _operation("receive", name) for name in _SENT},
            **{name: _operation("send", name) for name in _RECEIVED},
        },
        "components": {
            "messages": {
                **{name: _message(name, *parts) for name, parts in _SENT.items()},
                **{name: _message(name, *parts) for name, parts in _RECEIVED.items()},
            },
            "schemas": components(),
        },
    }


def _operation(action: str, name: str) -> Document:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
    }


def _message(name: str, payload: Document, example: Mapping[str, Any]) -> Document:
    return {"name": name, "payload": payload, "examples": [{"payload": dict(example)}]}


def _frame(
    tag: str, value: str, required: Mapping[str, Document], optional: Mapping[str, Document]
) -> Document:
    return {
        "type": "object",
        "properties": {tag: {"const": value}, **required, **optional, "requestId": REQUEST_ID},
        "required": [tag, *required],
    }


def _action(name: str, required: Mapping[str, Document], **optional: Document) -> Document:
    return _frame("action", name, required, optional)


def _type(name: str, required: Mapping[str, Document], **optional: Document) -> Document:
    return _frame("type", name, required, optional)


_FLAG: Document = {"type": "boolean"}
_ID: Document = {"type": "string", "minLength": 1, "maxLength": wire.ID_MAX}
# The messages of clients by name: schema and example.
_SENT: Mapping[str, tuple[Document, Mapping[str, Any]]] = {
    "notify": (
        _action(
            "notify",
            {"incident": ref("Report")},
            idempotencyKey={"type": "string", "minLength": 1, "maxLength": wire.KEY_MAX},
        ),
        {"action": "notify", "requestId": "r1", "incident": dict(REPORT_EXAMPLE)},
    ),
    "update": (
        {
            "allOf": [
                _action("update", {"incidentId": _ID}, revision=REVISION),
                ref("Update"),
            ]
        },
        {"action": "update", "incidentId": INCIDENT_EXAMPLE["incidentId"], "status": "resuelto"},
    ),
    "subscribe": (
        _action("subscribe", {}, filter=ref("Filter")),
        {"action": "subscribe", "filter": {"urgency": ["high"]}},
    ),
    "ping": (_action("ping", {}), {"action": "ping"}),
    "sync": (
        _action("sync", {}, since=POSITION, cursor=TEXT),
        {"action": "sync", "since": POSITION_EXAMPLE},
    ),
}
# The messages of the service, likewise.
_RECEIVED: Mapping[str, tuple[Document, Mapping[str, Any]]] = {
    "incident_update": (
        _type("incident_update", {"incident": ref("Incident"), "position": POSITION}),
        {
            "type": "incident_update",
            "incident": dict(INCIDENT_EXAMPLE),
            "position": POSITION_EXAMPLE,
        },
    ),
    "incident_updates": (
        _type(
            "incident_updates",
            {"incidents": {"type": "array", "items": ref("Incident")}, "position": POSITION},
        ),
        {
            "type": "incident_updates",
            "incidents": [dict(INCIDENT_EXAMPLE)],
            "position": POSITION_EXAMPLE,
        },
    ),
    "ack": (
        _type(
            "ack",
            {"action": {"enum": ["notify", "update", "subscribe"]}},
            incidentId=_ID,
            seq=REVISION,
            revision=REVISION,
            duplicate=_FLAG,
        ),
        {"type": "ack", "action": "subscribe", "requestId": "r1"},
    ),
    "pong": (
        _type(
            "pong",
            {"position": POSITION, "expiresAt": TIME, "connectionId": TEXT},
            heartbeatSeconds=INTERVAL_S,
            restored=_FLAG,
        ),
        {
            "type": "pong",
            "position": POSITION_EXAMPLE,
            "expiresAt": "2026-11-24T04:56:22.549Z",
            "connectionId": "Epj4e5k/1cU/ngw=",
        },
    ),
    "position": (
        _type("position", {"position": POSITION}),
        {"type": "position", "position": POSITION_EXAMPLE},
    ),
    "sync_page": (
        _type(
            "sync",
            {
                "incidents": {"type": "array", "items": ref("Incident")},
                "position": POSITION,
                "more": _FLAG,
                "reset": _FLAG,
            },
            cursor=TEXT,
        ),
        {
            "type": "sync",
            "incidents": [dict(INCIDENT_EXAMPLE)],
            "position": POSITION_EXAMPLE,
            "more": False,
            "reset": False,
        },
    ),
    "error": (
        _type(
            "error",
            {"code": {"enum": list(CODES)}, "message": TEXT},
            errors={
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": TEXT, "problem": TEXT},
                    "required": ["field", "problem"],
                },
            },
            actions={"type": "array", "items": TEXT},
            retryAfter=COUNT,
        ),
        {"type": "error", "code": "bad_json", "message": "El mensaje no es un objeto JSON válido."},
    ),
}
