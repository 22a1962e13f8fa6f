"""The OpenAPI 3.1 document of the HTTP API, from the table of routes and their handlers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerta_utec import __version__
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.openapi.schemas import Schema, components
from alerta_utec.handlers.operations import Body, Operation, Returned, operation_of, ref
from alerta_utec.handlers.routes import HttpRoute

Document = dict[str, Any]

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class ApiPart:
    """One part of the HTTP API: some of its routes and the class with their handlers.

    ``schemas``: components that only this part refers to. ``sent``: the requests that the service
    itself sends to other systems (OpenAPI's ``webhooks``).
    """

    routes: Sequence[HttpRoute]
    handlers: type
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    sent: Mapping[str, Document] = field(default_factory=dict)


def document(parts: Sequence[ApiPart], *, sign_in: bool) -> Document:
    """Return the document, new at each call, of a service with or without ``sign_in``."""
    schemas, sent = components(), Document()
    for part in parts:
        schemas |= part.schemas
        sent |= part.sent
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Alerta UTEC Realtime",
            "version": __version__,
            "description": "Incidents of a campus: report them, update them, look them up.",
        },
        # Relative to this document's own address, which can be below a proxy's path.
        "servers": [{"url": "."}],
        "paths": _paths(parts),
        "webhooks": sent,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        "security": [{"bearer": []}] if sign_in else [],
    }


def _paths(parts: Iterable[ApiPart]) -> Document:
    """Return the operations of all documented routes, by path and method."""
    paths = Document()
    for part in parts:
        for route in part.routes:
            operation = operation_of(getattr(part.handlers, route.operation))
            if operation is None:
                continue
            method, path = route.key.split(" ")
            item = paths.setdefault(path, _path_parameters(path))
            item[method.lower()] = _operation(operation)
    return paths


def _path_parameters(path: str) -> Document:
    names = _PARAMETER.findall(path)
    if not names:
        return {}
    text = {"type": "string"}
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": text} for name in names
        ]
    }


def _operation(operation: Operation) -> Document:
    described: Document = {"summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body:
        described["requestBody"] = _body(operation.body)
    if operation.public:
        described["security"] = []
    codes = ("unavailable",) if operation.public else ("unauthorized", "unavailable")
    described["responses"] = {
        **{str(status): _returned(one) for status, one in operation.successes.items()},
        **_problems(*operation.problems, *codes),
    }
    return described


def _body(body: Body) -> Document:
    content = _content(body.schema)
    return {"required": True, "content": content} if body.required else {"content": content}


def _returned(returned: Returned) -> Document:
    described: Document = {"description": returned.description}
    if returned.schema is not None:
        described["content"] = _content(returned.schema, returned.content_type)
    return described


def _content(schema: str | Mapping[str, Any], content_type: str = "application/json") -> Document:
    return {content_type: {"schema": ref(schema) if isinstance(schema, str) else dict(schema)}}


def _problems(*codes: str) -> Document:
    """Return the responses that refuse with these codes, by status."""
    statuses = sorted({STATUS[code] for code in codes})
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> Document:
    codes = sorted(code for code, its in STATUS.items() if its == status)
    return {
        "description": ", ".join(codes),
        "content": _content("Problem", "application/problem+json"),
    }
