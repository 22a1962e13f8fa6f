"""The ``Connections`` port on one machine: in memory, since connections end with the process."""

from collections.abc import Iterator, Sequence
from zlib import crc32

from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection


class GatewayConnections:
    """``Connections`` in the hub's directory."""

    def __init__(self, directory: SubscriberDirectory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def save(self, connection: Connection) -> None:
        """See ``Connections``."""
        self._directory.save(connection)

    def restore(self, connection: Connection) -> bool:
        """See ``Connections``."""
        return self._directory.restore(connection)

    def delete(self, connection_id: str) -> None:
        """See ``Connections``."""
        self._directory.delete(connection_id)

    def get(self, connection_id: str) -> Connection | None:
        """See ``Connections``."""
        connection = self._directory.connection(connection_id)
        return connection if connection and connection.alive(self._clock.now()) else None

    def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
        """Yield one page, a snapshot; see ``Connections``."""
        yield [
            connection
            for connection in self._directory.connections(self._clock.now())
            if crc32(connection.connection_id.encode()) % of == number - 1
        ]

    def estimate(self) -> int:
        """See ``Connections``."""
        return len(self._directory.connections(self._clock.now()))
