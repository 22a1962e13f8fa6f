"""A part of a broadcast to many connections."""

from dataclasses import dataclass
from datetime import datetime

from alerta_utec.domain.change import Position


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the connections that a change, or the heartbeat, is to be sent to."""

    # The change, or the position that the heartbeat states.
    position: Position
    # The broadcast that the shard belongs to. If the same change is broadcast again, the name of
    # that run sorts after this one.
    run: str
    # From 1 to ``of``.
    number: int
    of: int
    begun_at: datetime
    # The ids of connections that may see people's names, and of the others.
    private: tuple[str, ...]
    public: tuple[str, ...]
    # Ids of both kinds that may have been in their handshake when the run began: that one of them
    # is unknown does not mean that it is gone.
    opening: tuple[str, ...] = ()
    heartbeat: bool = False

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """The ids of both kinds."""
        return self.private + self.public
