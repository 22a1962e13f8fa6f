"""How a broadcast is divided: not at all where there are few connections, else into shards."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerta_utec.domain.ids import uuid7
from alerta_utec.domain.position import Position
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.connections import Connection, Connections

# One worker reaches this many in a tenth of a second; a queue needs longer to start.
INLINE_MAX = 250
SHARD_SIZE = 250


@dataclass(frozen=True)
class Division:
    """The rule by which broadcasts are divided.

    ``inline_max``: so many connections are not divided; ``shard_size``: so many are in a shard,
    about, since they are divided by a hash.
    """

    inline_max: int = INLINE_MAX
    shard_size: int = SHARD_SIZE

    def few(self, connections: Connections) -> Sequence[Connection] | None:
        """Return all connections, or ``None`` if they are to be divided.

        Raises:
            Unavailable: they cannot be read.
        """
        found: dict[str, Connection] = {}
        for page in connections.pages():
            found |= {one.connection_id: one for one in page}
            if len(found) > self.inline_max:
                return None
        return list(found.values())

    def count(self, connections: Connections) -> int:
        """Return about how many connections there are that are to be divided.

        Raises:
            Unavailable: they cannot be counted.
        """
        return max(connections.estimate(), self.inline_max + 1)

    def shards(
        self,
        positions: Sequence[Position],
        begun_at: datetime,
        count: int,
        *,
        heartbeat: bool = False,
    ) -> Sequence[Shard]:
        """Return the shards of a broadcast to about ``count`` connections, in a random order.

        No client is last in every broadcast.
        """
        run, of = uuid7(begun_at), max(2, -(-count // self.shard_size))
        shards = [
            Shard(tuple(positions), run, number, of, begun_at, number, heartbeat=heartbeat)
            for number in range(1, of + 1)
        ]
        random.shuffle(shards)
        return shards


BY_DEFAULT = Division()


def undivided(
    positions: Sequence[Position], begun_at: datetime, *, heartbeat: bool = False
) -> Shard:
    """Return the one shard of a broadcast that is not divided."""
    return Shard(tuple(positions), uuid7(begun_at), 1, 1, begun_at, 1, heartbeat=heartbeat)
