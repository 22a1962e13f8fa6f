"""The description that an HTTP handler carries for the OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Schema = Mapping[str, Any]
Handler = TypeVar("Handler", bound=Callable[..., object])

_ATTRIBUTE = "openapi_operation"


@dataclass(frozen=True, slots=True)
class Returned:
    """One successful response; ``schema``: the name of a component, a schema, or ``None``."""

    description: str = "OK"
    schema: str | Schema | None = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON body of a request; ``schema`` as in ``Returned``."""

    schema: str | Schema
    required: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the OpenAPI document.

    ``returns``: by status; a component's name alone stands for a 200 with it. ``problems``: error
    codes besides those of every operation. ``public``: it needs no token.
    """

    summary: str
    returns: str | Mapping[int, Returned]
    problems: Sequence[str] = ()
    parameters: Sequence[Schema] = ()
    body: Body | None = None
    description: str = ""
    public: bool = field(default=False, kw_only=True)

    @property
    def successes(self) -> Mapping[int, Returned]:
        """The successful responses by status."""
        if isinstance(self.returns, str):
            return {200: Returned(schema=self.returns)}
        return self.returns


def documented(operation: Operation) -> Callable[[Handler], Handler]:
    """Return a decorator that attaches the description to a handler."""

    def attach(handler: Handler) -> Handler:
        setattr(handler, _ATTRIBUTE, operation)
        return handler

    return attach


def operation_of(handler: object) -> Operation | None:
    """Return the description of a handler; ``None``: it is not documented."""
    found: Operation | None = getattr(handler, _ATTRIBUTE, None)
    return found


def query(name: str, schema: Schema, description: str = "") -> Schema:
    """Return a parameter of the query string."""
    parameter = {"name": name, "in": "query", "schema": schema}
    return parameter | ({"description": description} if description else {})


def whole(highest: int) -> dict[str, Any]:
    """Return the schema of a whole number from 1 to ``highest``."""
    return {"type": "integer", "minimum": 1, "maximum": highest}


def ref(name: str) -> dict[str, Any]:
    """Return a reference to a component's schema."""
    return {"$ref": f"#/components/schemas/{name}"}
