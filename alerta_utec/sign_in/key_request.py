"""Validation of the body with which a caller makes a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import KEY_RATE, Grant, Scope
from alerta_utec.domain.rate import Rate
from alerta_utec.domain.values import parse_time

NAME_MAX = 80
# Of its submissions: one an hour or more, and within what one machine takes.
PER_S_MIN, PER_S_MAX = 1 / 3600, 1000.0
BURST_MAX = 10_000
_FIELDS = ("name", "scopes", "filter", "expiresAt", "rate")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The name, grant and expiry of a key to make."""

    name: str
    grant: Grant
    expires_at: datetime | None

    @classmethod
    def parse(cls, data: object, *, now: datetime) -> "KeyRequest":
        """Parse ``{name, scopes, filter?, expiresAt?, rate?: {perSecond, burst}}``.

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
        rate = _rate(data.get("rate"), problems)
        if problems:
            raise InvalidRequest(problems=sorted(problems, key=lambda problem: problem.field))
        return cls(name, Grant(scopes, wanted, rate), expires_at)


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


def _rate(value: object, problems: list[Problem]) -> Rate:
    if value is None:
        return KEY_RATE
    if not isinstance(value, Mapping) or value.keys() != {"perSecond", "burst"}:
        problems.append(Problem("rate", "not_rate"))
        return KEY_RATE
    per_s, burst = value["perSecond"], value["burst"]
    if not _is_number(per_s, int, float) or not PER_S_MIN <= per_s <= PER_S_MAX:
        bounds = {"min": "1/3600", "max": int(PER_S_MAX)}
        problems.append(Problem("rate.perSecond", "out_of_range", bounds))
    if not _is_number(burst, int) or not 1 <= burst <= BURST_MAX:
        problems.append(Problem("rate.burst", "not_number", {"min": 1, "max": BURST_MAX}))
    return Rate(per_s, burst)


def _is_number(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


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
