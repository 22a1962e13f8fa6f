"""A ``Clock`` that tests move."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A ``Clock`` that stands still until a test moves it."""

    def __init__(self, now: datetime = datetime(2025, 11, 16, 18, 12, tzinfo=UTC)):
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Set the time."""
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Add to the time."""
        self._now += by
