"""The OpenAPI 3.1 document of the HTTP API, at ``/openapi.json``."""

from collections.abc import Mapping
from typing import Any

from alerta_utec import __version__
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.handlers.query import DAYS_DEFAULT, DAYS_MAX, LIMIT_MAX, TEST
from alerta_utec.handlers.schemas import REVISION, components, ref
from alerta_utec.handlers.statuses import STATUS
from alerta_utec.wire import KEY_MAX

Document = dict[str, Any]


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
                "parameters": [_path_id()],
                "get": _get("Show an incident with its history", "IncidentDetail", "not_found"),
                "patch": _update(),
            },
            "/incidents/{incidentId}/cap": {"parameters": [_path_id()], "get": _cap()},
            "/stats": {
                "get": _get("Statistics of the last days", "Statistics", "invalid_request")
                | {"parameters": [_query("days", _whole(DAYS_MAX) | {"default": DAYS_DEFAULT})]}
            },
            "/me": {"get": _get("Who the token names, and what the policy allows them", "Me")},
            "/health": {"get": _open("Whether it works, and where the feed is", "Health")},
            "/config.json": {"get": _open("What a front end needs to begin", "Config")},
        },
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        "security": [{"bearer": []}] if sign_in else [],
    }


def _list() -> Document:
    several = "one or several, with commas between"
    return _get("List incidents, the newest first", "IncidentPage", "invalid_request") | {
        "parameters": [
            _query("status", {"type": "string", "examples": list(Status)}, several),
            _query("urgency", {"type": "string", "examples": list(Urgency)}, several),
            _query("type", {"type": "string"}, "compared without regard to case"),
            _query("location", {"type": "string"}, "compared without regard to case"),
            _query("limit", _whole(LIMIT_MAX) | {"default": 50}),
            _query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, "of a page"),
        ]
    }


def _cap() -> Document:
    only = "Test, for whoever tries out their own end: all recipients disregard it"
    alert = {"application/cap+xml": {"schema": {"type": "string"}}}
    return {
        "summary": "An incident as an alert of the Common Alerting Protocol (OASIS CAP 1.2)",
        "parameters": [_query("status", {"const": TEST}, only)],
        "responses": {
            "200": {"description": "The alert of its last revision", "content": alert},
            **_problems("invalid_request", "not_found"),
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
        "requestBody": {"required": True, "content": _json(ref("Report"))},
        "responses": {
            "201": {"description": "Stored; it will be delivered", "content": _json(ref("Stored"))},
            "200": {"description": "Stored before", "content": _json(ref("Stored"))},
            **_problems(
                *("bad_json", "invalid_request", "invalid_incident", "too_large", "conflict"),
                "rate_limited",
            ),
        },
    }


def _update() -> Document:
    body = {"allOf": [ref("Update"), {"type": "object", "properties": {"revision": REVISION}}]}
    return {
        "summary": "Move an incident on: status, urgency, note",
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            "200": {"description": "Stored; it will be delivered", "content": _json(ref("Stored"))},
            **_problems(
                *("bad_json", "forbidden", "not_found", "too_large", "conflict", "rate_limited"),
            ),
        },
    }


def _get(summary: str, schema: str, *refusals: str) -> Document:
    operation = _open(summary, schema)
    operation["responses"] |= _problems(*refusals)
    del operation["security"]
    return operation


def _open(summary: str, schema: str) -> Document:
    answer = {"description": "OK", "content": _json(ref(schema))}
    return {
        "summary": summary,
        "security": [],
        "responses": {"200": answer, **_problem_of(503)},
    }


def _problems(*codes: str) -> Document:
    statuses = {STATUS[code] for code in (*codes, "unauthorized", "unavailable")}
    return {
        name: value for status in sorted(statuses) for name, value in _problem_of(status).items()
    }


def _problem_of(status: int) -> Document:
    codes = sorted(code for code, its in STATUS.items() if its == status)
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {str(status): {"description": ", ".join(codes), "content": content}}


def _json(schema: Mapping[str, Any]) -> Document:
    return {"application/json": {"schema": dict(schema)}}


def _path_id() -> Document:
    return {"name": "incidentId", "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: Mapping[str, Any], description: str = "") -> Document:
    parameter = {"name": name, "in": "query", "schema": dict(schema)}
    return parameter | ({"description": description} if description else {})


def _whole(highest: int) -> Document:
    return {"type": "integer", "minimum": 1, "maximum": highest}
