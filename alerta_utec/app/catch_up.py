"""Telling a client where the feed is, so that it knows what it has missed."""

from dataclasses import dataclass

from alerta_utec.domain.change import Position
from alerta_utec.ports import IncidentStore


@dataclass(frozen=True)
class CatchUp:
    """Answers clients that ask what they missed."""

    store: IncidentStore

    def position(self) -> Position:
        """Where the feed is.

        Raises:
            Unavailable: it cannot be read now.
        """
        return self.store.position()
