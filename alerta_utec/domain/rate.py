"""A rate: how often something may happen, on average and at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_s`` times a second on average, ``burst`` times at once."""

    per_s: float
    burst: int

    def to_json(self) -> dict[str, Any]:
        """Return ``{perSecond, burst}``."""
        return {"perSecond": self.per_s, "burst": self.burst}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rate":
        """Read a rate that ``to_json`` wrote, without validation."""
        return cls(data["perSecond"], data["burst"])
