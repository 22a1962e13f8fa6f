"""Validation of the body with which a caller makes a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import Grant, Scope
from alerta_utec.domain.values import parse_time

NAME_MAX = 80
_FIELDS = ("name", "scopes", "filter", "expiresAt")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The name, grant and expiry of a key to make."""

    name: str
    grant: Grant
    expires_at: datetime | None

    @classmethod
    def parse(cls, data: object, *, now: datetime) -> "KeyRequest":
        """Parse ``{name, scopes, filter?, expiresAt?}``.

        Raises:
            InvalidRequest: with every problem found.
        """
        if not isinstance(data, Mapping):
            raise InvalidRequest(problems=[Problem("", "not_object")])
        problems = [Problem(name, "not_valid") for name in data if name not in _FIELDS]
        name = _name(data.get("name"), problems)
        scopes = _scopes(data.get("scopes"), problems)
        wanted = _filter(data.get("filter"), problems)
        expires_at = _expiry(data.get("expiresAt"), now, problems)
        if problems:
            raise InvalidRequest(problems=sorted(problems, key=lambda problem: problem.field))
        return cls(name, Grant(scopes, wanted), expires_at)


def _name(value: object, problems: list[Problem]) -> str:
    if not isinstance(value, str):
        problems.append(Problem("name", "missing" if value is None else "not_text"))
        return ""
    name = " ".join(value.split())
    if not name:
        problems.append(Problem("name", "empty"))
    elif len(name) > NAME_MAX:
        problems.append(Problem("name", "too_long", {"max": NAME_MAX}))
    elif not name.isprintable():
        problems.append(Problem("name", "not_valid"))
    return name


def _scopes(value: object, problems: list[Problem]) -> frozenset[Scope]:
    names = value if isinstance(value, list) else []
    if not names:
        problems.append(Problem("scopes", "missing" if value is None else "empty"))
    elif any(name not in list(Scope) for name in names):
        problems.append(Problem("scopes", "not_one_of", {"allowed": ", ".join(Scope)}))
        return frozenset()
    return frozenset(map(Scope, names))


def _filter(value: Any, problems: list[Problem]) -> Filter:
    if value is None:
        return EVERYTHING
    try:
        return Filter.parse(value)
    except InvalidRequest as error:
        problems += error.problems
        return EVERYTHING


def _expiry(value: object, now: datetime, problems: list[Problem]) -> datetime | None:
    if value is None:
        return None
    try:
        expires_at = parse_time(value if isinstance(value, str) else "")
    except ValueError:
        problems.append(Problem("expiresAt", "not_timestamp"))
        return None
    if expires_at <= now:
        problems.append(Problem("expiresAt", "in_past"))
    return expires_at
