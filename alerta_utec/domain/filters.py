"""What a listener wants to hear about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class Filter:
    """Accepted values per field; an empty set accepts everything.

    ``type`` and ``location`` are compared without regard to case.
    """

    urgency: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    type: frozenset[str] = frozenset()
    location: frozenset[str] = frozenset()

    def matches(self, incident: Incident) -> bool:
        """Whether the incident, in this state, is of interest."""
        return (
            (not self.urgency or incident.urgency in self.urgency)
            and (not self.status or incident.status in self.status)
            and (not self.type or incident.type.casefold() in self.type)
            and (not self.location or incident.location.casefold() in self.location)
        )

    def concerns(self, change: Change) -> bool:
        """Whether it matches before or after: a listener learns what has left its view."""
        if self == EVERYTHING or self.matches(change.after):
            return True
        return change.before is not None and self.matches(change.before)

    def to_json(self) -> dict[str, list[str]]:
        """The non-empty sets as sorted lists."""
        sets = {name: getattr(self, name) for name in self.__slots__}
        return {name: sorted(values) for name, values in sets.items() if values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Filter":
        """The filter that ``to_json`` wrote; trusts its source."""
        names = ("urgency", "status", "type", "location")
        folded = {
            name: frozenset(str(value).casefold() for value in data.get(name, ())) for name in names
        }
        return cls(**folded)


EVERYTHING = Filter()
