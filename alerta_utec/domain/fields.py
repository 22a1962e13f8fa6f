"""The types of an incident's fields: which input they accept, and how they normalise it."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from alerta_utec.domain.folding import is_invisible
from alerta_utec.domain.values import (
    Choice,
    Status,
    Urgency,
    format_time,
    parse_choice,
    parse_time,
)

# The first character excludes "." and "..", which have a meaning of their own in a URL's path.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
# Longer texts are no type and no location, and would fill the memory.
_CACHED_MAX_CHARS = 120
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def _choice(kind: type[Choice]) -> BeforeValidator:
    def choose(value: object) -> Choice:
        choice = parse_choice(kind, value)
        if choice is None:
            raise PydanticCustomError("not_one_of", "not one of", {"allowed": ", ".join(kind)})
        return choice

    return BeforeValidator(choose)


def _time(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and len(value) <= 64:
        try:
            return parse_time(value)
        except ValueError:
            pass
    raise PydanticCustomError("not_timestamp", "not a timestamp")


def _line(value: object) -> object:
    """Make one line: control characters and runs of white space become one space."""
    if not isinstance(value, str):
        return value
    return _one_line_cached(value) if len(value) <= _CACHED_MAX_CHARS else _one_line(value)


def _one_line(text: str) -> str:
    line = " ".join(_CONTROL.sub(" ", text).split())
    # A text that shows nothing is an empty one, and refused as such.
    return "" if is_invisible(line) else line


# The types and places of a campus are few, and come again and again.
_one_line_cached = lru_cache(1024)(_one_line)


def _prose(value: object) -> object:
    """Normalise line breaks to ``\\n`` and remove other control characters."""
    if not isinstance(value, str):
        return value
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def _identifier(value: object) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise PydanticCustomError("not_id", "not an id")


Identifier = Annotated[
    str,
    BeforeValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"}),
]
Timestamp = Annotated[
    datetime,
    BeforeValidator(_time),
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Type = Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(_line)]
Location = Annotated[str, Field(min_length=1, max_length=120), BeforeValidator(_line)]
Note = Annotated[str, Field(min_length=1, max_length=2000), BeforeValidator(_prose)]
Description = Annotated[str, Field(max_length=4000), BeforeValidator(_prose)]
UrgencyField = Annotated[Urgency, _choice(Urgency)]
StatusField = Annotated[Status, _choice(Status)]
