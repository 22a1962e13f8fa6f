"""A ``ShardQueue`` in a list."""

from collections.abc import Sequence

from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard


class FakeShardQueue:
    """A ``ShardQueue`` in a list, ``waiting``, from which a test takes the shards."""

    def __init__(self) -> None:
        self.waiting: list[Shard] = []
        self.down = False

    def put(self, shards: Sequence[Shard]) -> None:
        if self.down:
            raise Unavailable("down")
        self.waiting += shards
