"""JSON Schemas of everything on the wire, generated from the models that exist.

Shared by the OpenAPI and the AsyncAPI document, under ``#/components/schemas``.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from alerta_utec import wire
from alerta_utec.domain.errors import CODES
from alerta_utec.domain.filters import FIELDS, VALUES_MAX
from alerta_utec.domain.incident import EXTRAS_MAX, SERVER_FIELDS, Incident, Report
from alerta_utec.domain.policy import Permission, Role
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.domain.values import Status
from alerta_utec.handlers.operations import ref

Schema = dict[str, Any]

REF = "#/components/schemas/{model}"
ID_EXAMPLE = "01a20b7b-a999-7c10-a5a9-4c22b56ee3f0"
POSITION_EXAMPLE = "22a192327d34:2"
REPORT_EXAMPLE: Mapping[str, Any] = {
    "type": "temperatura elevada",
    "location": "Laboratorio B",
    "description": "Temperatura del servidor por encima de 70 °C",
    "urgency": "medium",
    "status": "pendiente",
}
INCIDENT_EXAMPLE: Mapping[str, Any] = {
    "incidentId": ID_EXAMPLE,
    **REPORT_EXAMPLE,
    "timestamp": "2026-11-24T02:56:23.449889Z",
    "seq": 2,
    "revision": 1,
    "createdAt": "2026-11-24T02:56:23.449889Z",
    "updatedAt": "2026-11-24T02:56:23.449889Z",
}


def components() -> dict[str, Schema]:
    """Return the kernel's schemas by name."""
    _, generated = models_json_schema(
        [(Report, "validation"), (Incident, "serialization"), (UpdateRequest, "validation")],
        by_alias=True,
        ref_template=REF,
    )
    schemas: dict[str, Schema] = generated["$defs"]
    schemas["Report"] |= {
        "additionalProperties": True,
        "description": "The report of a caller. Unknown fields are stored and broadcast: "
        f"{EXTRAS_MAX} at most, 8 KB together. Case and accents of urgency and status do not "
        "matter, and baja, media, alta stand for low, medium, high. A drill takes the same way, "
        "marked as a drill everywhere, and is left out of the statistics.",
        "not": {"anyOf": [{"required": [name]} for name in sorted(SERVER_FIELDS)]},
        "examples": [dict(REPORT_EXAMPLE)],
    }
    update = schemas.pop("UpdateRequest")
    schemas["Update"] = update | {"minProperties": 1, "additionalProperties": True}
    incident = schemas["Incident"]
    internal = ("alarmed", "reportedByStaff")
    for name in internal:
        incident["properties"].pop(name)
    incident["properties"]["drill"] = {"const": True, "description": "Present for drills only."}
    incident["required"] = [
        name for name in incident["required"] if name not in (*internal, "drill", "reportedBy")
    ]
    incident["description"] = "An incident at one revision; reportedBy only for staff."
    incident["examples"] = [dict(INCIDENT_EXAMPLE)]
    return schemas | _WRITTEN


def object_of(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None
) -> Schema:
    """Return the schema of an object with these fields."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


TEXT: Schema = {"type": "string"}
FORMER_REASON: Schema = {**TEXT, "deprecated": True, "description": "The former name of `reason`"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time"}
REQUEST_ID: Schema = {"type": "string", "minLength": 1, "maxLength": wire.REQUEST_ID_MAX}
POSITION: Schema = {
    "type": "string",
    "pattern": "^[0-9a-z]{1,32}:(0|[1-9][0-9]*)$",
    "examples": [POSITION_EXAMPLE],
}
REVISION: Schema = {"type": "integer", "minimum": 1}
INTERVAL_S: Schema = {"type": "number", "exclusiveMinimum": 0}
_PROBLEMS: Schema = {"type": "array", "items": object_of({"field": TEXT, "problem": TEXT})}
_DURATIONS = object_of(
    {
        "count": COUNT,
        "median": {"type": ["number", "null"]},
        "p90": {"type": ["number", "null"]},
    }
)
_TEXTS: Schema = {"oneOf": [TEXT, {"type": "array", "items": TEXT, "maxItems": VALUES_MAX}]}
_COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
_WRITTEN: dict[str, Schema] = {
    "Stored": object_of(
        {
            "incidentId": TEXT | {"examples": [ID_EXAMPLE]},
            "seq": REVISION,
            "revision": REVISION,
            "duplicate": {"type": "boolean"},
        }
    ),
    "Problem": object_of(
        {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": list(CODES)},
        },
        {
            "errors": _PROBLEMS,
            "actions": {"type": "array", "items": TEXT},
            "retryAfter": COUNT,
        },
    ),
    "HistoryEntry": object_of(
        {
            "revision": REVISION,
            "at": TIME,
            "change": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": ["string", "null"]}},
            },
        },
        {"note": TEXT, "by": TEXT},
    ),
    "Filter": {
        "type": "object",
        "properties": dict.fromkeys(FIELDS, _TEXTS),
        "additionalProperties": False,
        "description": "Matches the incident before or after a change; empty, it matches all.",
    },
    "Delivery": object_of(
        {
            "revision": REVISION,
            "channel": {"type": "string", "pattern": "^(broadcast|email|webhook:.+)$"},
            "at": TIME,
        },
        {"reason": TEXT, "because": FORMER_REASON},
    ),
    "IncidentPage": object_of(
        {"incidents": {"type": "array", "items": ref("Incident")}}, {"cursor": TEXT}
    ),
    "IncidentDetail": object_of(
        {
            "incident": ref("Incident"),
            "history": {"type": "array", "items": ref("HistoryEntry")},
            "deliveries": {"type": "array", "items": ref("Delivery")},
        },
        {"cursor": TEXT},
    ),
    "Statistics": object_of(
        {
            "since": TIME,
            "days": REVISION,
            "total": COUNT,
            "complete": {"type": "boolean"},
            "byStatus": _COUNTS,
            "byUrgency": _COUNTS,
            "byType": _COUNTS,
            "byLocation": _COUNTS,
            "byHour": {"type": "array", "items": COUNT, "minItems": 24, "maxItems": 24},
            "toAttend": _DURATIONS,
            "toResolve": _DURATIONS,
        }
    ),
    "Health": object_of(
        {"status": {"enum": ["ok", "degraded"]}}, {"position": POSITION, "damagedRows": COUNT}
    ),
    "Config": object_of(
        {
            "webSocketUrl": TEXT,
            "auth": {"enum": ["off", "jwt"]},
            "roles": {"type": "array", "items": {"enum": list(Role)}},
            "moves": object_of(
                {
                    status.value: {"type": "array", "items": {"enum": list(Status)}}
                    for status in Status
                }
            ),
        },
        {"webSocketPath": TEXT, "heartbeatSeconds": INTERVAL_S},
    ),
    "Me": object_of(
        {
            "user": {"type": ["string", "null"]},
            "role": {"enum": list(Role)},
            "may": {"type": "array", "items": {"enum": list(Permission)}},
        }
    ),
}
