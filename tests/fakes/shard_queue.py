"""A ``ShardQueue`` in a list."""

from collections.abc import Sequence

from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard


class FakeShardQueue:
    """A ``ShardQueue`` in a list, ``waiting``, from which a test takes the shards.

    ``delays_s`` has the delay of each ``put``.
    """

    def __init__(self) -> None:
        self.waiting: list[Shard] = []
        self.delays_s: list[int] = []
        self.down = False

    def put(self, shards: Sequence[Shard], *, delay_s: int = 0) -> None:
        if self.down:
            raise Unavailable("down")
        self.waiting += shards
        self.delays_s.append(delay_s)
