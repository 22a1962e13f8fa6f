"""Filters, by which a subscriber chooses incidents."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.folding import fold
from alerta_utec.domain.values import Choice, Status, Urgency, parse_choice

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.incident import Incident

FIELDS = ("urgency", "status", "type", "location")
VALUES_MAX = 50
VALUE_MAX_CHARS = 120
# Accepts no value: an empty set accepts all, and no text of an incident has this character.
_NO_VALUE = frozenset({"\0"})


class Facets(NamedTuple):
    """The fields of one state of an incident that filters compare; texts are folded."""

    urgency: str
    status: str
    type: str
    location: str

    @classmethod
    def of(cls, incident: "Incident") -> "Facets":
        """Return the facets of the incident in this state."""
        return cls(
            incident.urgency.value,
            incident.status.value,
            fold(incident.type),
            fold(incident.location),
        )

    def only(self, fields: Collection[str]) -> "Facets":
        """Return the facets with only these fields; the others are empty.

        States that differ only in other fields give equal results, which can be cached.
        """
        return Facets(*(getattr(self, name) if name in fields else "" for name in FIELDS))


def facets_of(change: "Change") -> Sequence[Facets]:
    """Return the facets of the states before and after the change; one if they are equal."""
    after = Facets.of(change.after)
    before = after if change.before is None else Facets.of(change.before)
    return (after,) if before == after else (before, after)


@dataclass(frozen=True, slots=True)
class Filter:
    """Accepted values per field; an empty set accepts everything.

    ``type`` and ``location`` are compared as ``fold`` says.
    """

    urgency: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    type: frozenset[str] = frozenset()
    location: frozenset[str] = frozenset()

    def matches(self, incident: "Incident") -> bool:
        """Tell whether the filter accepts the incident in this state."""
        return self.accepts(Facets.of(incident))

    def concerns(self, change: "Change") -> bool:
        """Tell whether the filter accepts the state before or after the change.

        A subscriber must also learn that an incident has left its view.
        """
        return self is EVERYTHING or any(map(self.accepts, facets_of(change)))

    def accepts(self, facets: Facets) -> bool:
        """Tell whether the filter accepts an incident with these facets."""
        return (
            (not self.urgency or facets.urgency in self.urgency)
            and (not self.status or facets.status in self.status)
            and (not self.type or facets.type in self.type)
            and (not self.location or facets.location in self.location)
        )

    def within(self, bounds: "Filter") -> "Filter":
        """Return the filter that accepts what both accept."""
        if bounds == EVERYTHING:
            return self
        return Filter(
            **{name: _both(getattr(self, name), getattr(bounds, name)) for name in FIELDS}
        )

    def to_json(self) -> dict[str, list[str]]:
        """Return the non-empty sets as sorted lists."""
        sets = {name: getattr(self, name) for name in self.__slots__}
        return {name: sorted(values) for name, values in sets.items() if values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Filter":
        """Read a filter that ``to_json`` wrote, without validation."""
        return cls(**{name: frozenset(data.get(name, ())) for name in cls.__slots__})

    @classmethod
    def parse(cls, data: object, *, field: str = "filter") -> "Filter":
        """Validate a caller's filter: an object of lists, or of single values.

        Raises:
            InvalidRequest: with every problem.
        """
        if not isinstance(data, Mapping):
            raise InvalidRequest(problems=[Problem(field, "not_object")])
        problems = [
            Problem(f"{field}.{name}", "not_valid") for name in data if name not in cls.__slots__
        ]
        chosen = cls(
            urgency=_choices(data, field, "urgency", Urgency, problems),
            status=_choices(data, field, "status", Status, problems),
            type=_texts(data, field, "type", problems),
            location=_texts(data, field, "location", problems),
        )
        if problems:
            raise InvalidRequest(problems=problems)
        return EVERYTHING if chosen == EVERYTHING else chosen


EVERYTHING = Filter()


def _both(chosen: frozenset[str], bounds: frozenset[str]) -> frozenset[str]:
    """Return the values in both sets, of which an empty one contains all."""
    if not chosen or not bounds:
        return chosen or bounds
    return chosen & bounds or _NO_VALUE


def _values(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _choices(
    data: Mapping[str, Any], field: str, name: str, kind: type[Choice], problems: list[Problem]
) -> frozenset[str]:
    chosen = [parse_choice(kind, value) for value in _values(data, name)]
    if None in chosen:
        problems.append(Problem(f"{field}.{name}", "not_one_of", {"allowed": ", ".join(kind)}))
    return frozenset(str(choice) for choice in chosen if choice is not None)


def _texts(
    data: Mapping[str, Any], field: str, name: str, problems: list[Problem]
) -> frozenset[str]:
    values = _values(data, name)
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) < len(values):
        problems.append(Problem(f"{field}.{name}", "not_text"))
    if len(texts) > VALUES_MAX:
        problems.append(Problem(f"{field}.{name}", "too_many", {"max": VALUES_MAX}))
    if any(len(text) > VALUE_MAX_CHARS for text in texts):
        problems.append(Problem(f"{field}.{name}", "too_long", {"max": VALUE_MAX_CHARS}))
    return frozenset(map(fold, texts))
