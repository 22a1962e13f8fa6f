"""The values of an incident's fields, and the spellings that people use for them."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar


class Urgency(StrEnum):
    """The urgency of an incident; ``medium`` and ``high`` call for a notification."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for ``low`` to 2 for ``high``."""
        return list(Urgency).index(self)


class Status(StrEnum):
    """The state of work on an incident."""

    PENDIENTE = "pendiente"
    EN_ATENCION = "en_atencion"
    RESUELTO = "resuelto"

    @property
    def rank(self) -> int:
        """0 for ``pendiente`` to 2 for ``resuelto``."""
        return list(Status).index(self)


Choice = TypeVar("Choice", Status, Urgency)

_SPELLINGS: Mapping[str, str] = {
    "baja": "low",
    "bajo": "low",
    "media": "medium",
    "medio": "medium",
    "alta": "high",
    "alto": "high",
}
# RFC 3339, section 5.6; a leap second is refused, since Python has none.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def parse_choice(kind: type[Choice], value: object) -> Choice | None:
    """Return the member of ``kind`` that ``value`` spells, or ``None``.

    Case, accents and separators do not matter, and Spanish words are understood.
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    return _spelled(kind, value)


@lru_cache(1024)
def _spelled(kind: type[Choice], text: str) -> Choice | None:
    folded = _fold(text)
    try:
        return kind(_SPELLINGS.get(folded, folded))
    except ValueError:
        return None


def parse_time(value: str) -> datetime:
    """Read an RFC 3339 date and time as an aware ``datetime`` in UTC.

    Raises:
        ValueError: it is not RFC 3339, or outside the years 1 to 9999.
    """
    if not _RFC3339.fullmatch(value):
        raise ValueError("not RFC 3339")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


@lru_cache(1024)
def format_time(value: datetime) -> str:
    """Write RFC 3339 in UTC with ``Z``, with milliseconds or microseconds only if there are any."""
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    exact = moment.microsecond % 1000 or not moment.microsecond
    text = moment.isoformat() if exact else moment.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def unaccented(value: str) -> str:
    """Return the text without accents and ligatures (NFKD without combining marks)."""
    plain = unicodedata.normalize("NFKD", value)
    return "".join(c for c in plain if not unicodedata.combining(c))


def _fold(value: str) -> str:
    return re.sub(r"[\s_-]+", "_", unaccented(value).strip().casefold())
