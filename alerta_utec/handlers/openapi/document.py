"""The OpenAPI 3.1 document of the HTTP API, at ``/openapi.json``."""

from alerta_utec import __version__
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.handlers.openapi.parts import (
    Document,
    get,
    json_of,
    opened,
    path_id,
    problems,
    query,
    whole,
)
from alerta_utec.handlers.openapi.schemas import REVISION, components, ref
from alerta_utec.handlers.query import DAYS_DEFAULT, DAYS_MAX, LIMIT_MAX, TEST
from alerta_utec.webhooks import openapi as openapi_webhooks
from alerta_utec.wire import KEY_MAX


def document(*, sign_in: bool) -> Document:
    """The whole document, new at each call, of a service where ``sign_in`` is on or off."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Alerta UTEC Realtime",
            "version": __version__,
            "description": "Incidents of a campus: report them, move them on, look them up.",
        },
        "paths": {
            "/incidents": {"get": _list(), "post": _report()},
            "/incidents/{incidentId}": {
                "parameters": [path_id("incidentId")],
                "get": get("Show an incident with its history", "IncidentDetail", "not_found"),
                "patch": _update(),
            },
            "/incidents/{incidentId}/cap": {"parameters": [path_id("incidentId")], "get": _cap()},
            "/stats": {
                "get": get("Statistics of the last days", "Statistics", "invalid_request")
                | {"parameters": [query("days", whole(DAYS_MAX) | {"default": DAYS_DEFAULT})]}
            },
            "/me": {"get": get("Who the token names, and what the policy allows them", "Me")},
            "/health": {"get": opened("Whether it works, and where the feed is", "Health")},
            "/config.json": {"get": opened("What a front end needs to begin", "Config")},
            **openapi_webhooks.paths(),
        },
        "webhooks": openapi_webhooks.sent(),
        "components": {
            "schemas": components() | openapi_webhooks.schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        "security": [{"bearer": []}] if sign_in else [],
    }


def _list() -> Document:
    several = "one or several, with commas between"
    return get("List incidents, the newest first", "IncidentPage", "invalid_request") | {
        "parameters": [
            query("status", {"type": "string", "examples": list(Status)}, several),
            query("urgency", {"type": "string", "examples": list(Urgency)}, several),
            query("type", {"type": "string"}, "compared without regard to case"),
            query("location", {"type": "string"}, "compared without regard to case"),
            query("limit", whole(LIMIT_MAX) | {"default": 50}),
            query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, "of a page"),
        ]
    }


def _cap() -> Document:
    only = "Test, for whoever tries out their own end: all recipients disregard it"
    alert = {"application/cap+xml": {"schema": {"type": "string"}}}
    return {
        "summary": "An incident as an alert of the Common Alerting Protocol (OASIS CAP 1.2)",
        "parameters": [query("status", {"const": TEST}, only)],
        "responses": {
            "200": {"description": "The alert of its last revision", "content": alert},
            **problems("invalid_request", "not_found"),
        },
    }


def _report() -> Document:
    return {
        "summary": "Report an incident",
        "description": "Safe to repeat with the same Idempotency-Key or incidentId.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
            }
        ],
        "requestBody": {"required": True, "content": json_of(ref("Report"))},
        "responses": {
            "201": {
                "description": "Stored; it will be delivered",
                "content": json_of(ref("Stored")),
            },
            "200": {"description": "Stored before", "content": json_of(ref("Stored"))},
            **problems(
                *("bad_json", "invalid_request", "invalid_incident", "too_large", "conflict"),
                "rate_limited",
            ),
        },
    }


def _update() -> Document:
    body = {"allOf": [ref("Update"), {"type": "object", "properties": {"revision": REVISION}}]}
    return {
        "summary": "Move an incident on: status, urgency, note",
        "requestBody": {"required": True, "content": json_of(body)},
        "responses": {
            "200": {
                "description": "Stored; it will be delivered",
                "content": json_of(ref("Stored")),
            },
            **problems(
                *("bad_json", "forbidden", "not_found", "too_large", "conflict", "rate_limited"),
            ),
        },
    }
