"""A broadcast to many connections, in shards."""

from dataclasses import dataclass
from datetime import datetime

from alerta_utec.domain.change import Position


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the connections that a change is to be sent to.

    ``run`` names the broadcast that it is a part of; when the same change is broadcast once more,
    that is another, whose name sorts after it. ``number`` counts from 1 to ``of``. ``private``
    are the ids of those who may see people's names, ``public`` the others'; ``opening``, of either,
    were perhaps in their handshake when it began, and are not to be forgotten.
    """

    position: Position
    run: str
    number: int
    of: int
    begun_at: datetime
    private: tuple[str, ...]
    public: tuple[str, ...]
    opening: tuple[str, ...] = ()

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """All of them."""
        return self.private + self.public
