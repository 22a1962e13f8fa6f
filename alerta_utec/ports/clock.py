"""The time of day, as a port."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Return the current time: aware, in UTC, with microseconds."""
        ...
