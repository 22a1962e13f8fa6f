"""``Connections`` in a dictionary."""

import threading
from collections.abc import Iterator, Sequence
from zlib import crc32

from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection

_PAGE = 250


class FakeConnections:
    """``Connections`` in a dictionary; its ``clock`` decides which have expired.

    While it is ``down``, none of them can be read.
    """

    def __init__(self, clock: Clock):
        self._clock = clock
        self.down = False
        self._lock = threading.Lock()
        self._kept: dict[str, Connection] = {}

    def save(self, connection: Connection) -> None:
        with self._lock:
            self._kept[connection.connection_id] = connection

    def restore(self, connection: Connection) -> bool:
        with self._lock:
            if connection.connection_id in self._kept:
                return False
            self._kept[connection.connection_id] = connection
            return True

    def delete(self, connection_id: str) -> None:
        with self._lock:
            self._kept.pop(connection_id, None)

    def get(self, connection_id: str) -> Connection | None:
        if self.down:
            raise Unavailable("down")
        with self._lock:
            connection = self._kept.get(connection_id)
        return connection if connection and connection.alive(self._clock.now()) else None

    def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
        shard = [c for c in self._alive() if crc32(c.connection_id.encode()) % of == number - 1]
        for start in range(0, len(shard), _PAGE):
            yield shard[start : start + _PAGE]

    def estimate(self) -> int:
        return len(self._alive())

    def _alive(self) -> list[Connection]:
        now = self._clock.now()
        with self._lock:
            return [c for c in self._kept.values() if c.alive(now)]


class FakeCredentialConnections:
    """``CredentialConnections`` that keep which credentials they closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def close_all(self, credential: str) -> int:
        self.closed.append(credential)
        return 0
