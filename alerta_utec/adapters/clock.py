"""The clock of the machine."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The operating system's time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)
