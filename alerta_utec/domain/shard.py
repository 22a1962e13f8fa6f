"""A part of a broadcast to many connections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerta_utec.domain.delivery import AGAIN
from alerta_utec.domain.position import Position


@dataclass(frozen=True, slots=True)
class Remainder:
    """Connections that an attempt did not reach.

    ``indexes``: of the shard's positions, those of the changes that each of them still misses.
    """

    indexes: tuple[int, ...]
    connection_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the connections that changes, or the heartbeat, are to be sent to.

    They are those of one shard of ``Connections.pages``, or the ``remainder`` of it.
    """

    # The changes in the order of their ``seq``, or the one position that the heartbeat states.
    positions: tuple[Position, ...]
    # The broadcast that the shard belongs to. If the same change is broadcast again, the name of
    # that run sorts after this one.
    run: str
    # From 1 to ``of``.
    number: int
    of: int
    begun_at: datetime
    # Of its record: ``number``, and ``AGAIN`` more each time that it is queued again.
    part: int
    remainder: tuple[Remainder, ...] = ()
    heartbeat: bool = False

    @property
    def attempts(self) -> int:
        """How often it was queued again."""
        return self.part // AGAIN

    @property
    def missed(self) -> Mapping[str, tuple[int, ...]]:
        """The indexes that each connection of the ``remainder`` misses."""
        return {name: one.indexes for one in self.remainder for name in one.connection_ids}
