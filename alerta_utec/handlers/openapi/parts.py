"""What the operations of the OpenAPI document are put together from."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.openapi.schemas import ref

Document = dict[str, Any]


def get(summary: str, schema: str, *refusals: str) -> Document:
    """An operation that shows something to whoever is signed in."""
    operation = opened(summary, schema)
    operation["responses"] |= problems(*refusals)
    del operation["security"]
    return operation


def opened(summary: str, schema: str) -> Document:
    """An operation that shows something to everybody."""
    answer = {"description": "OK", "content": json_of(ref(schema))}
    return {
        "summary": summary,
        "security": [],
        "responses": {"200": answer, **_problem_of(503)},
    }


def problems(*codes: str) -> Document:
    """The answers that these refusals, and those that any operation has, are told with."""
    statuses = {STATUS[code] for code in (*codes, "unauthorized", "unavailable")}
    return {
        name: value for status in sorted(statuses) for name, value in _problem_of(status).items()
    }


def json_of(schema: Mapping[str, Any]) -> Document:
    """The content of a body of JSON."""
    return {"application/json": {"schema": dict(schema)}}


def path_id(name: str) -> Document:
    """The parameter that is an id in the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query(name: str, schema: Mapping[str, Any], description: str = "") -> Document:
    """A parameter of the query string."""
    parameter = {"name": name, "in": "query", "schema": dict(schema)}
    return parameter | ({"description": description} if description else {})


def whole(highest: int) -> Document:
    """A whole number from 1 on."""
    return {"type": "integer", "minimum": 1, "maximum": highest}


def _problem_of(status: int) -> Document:
    codes = sorted(code for code, its in STATUS.items() if its == status)
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {str(status): {"description": ", ".join(codes), "content": content}}
