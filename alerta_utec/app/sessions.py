"""Who is connected, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.ports import CONNECTION_TTL_S, Connection, Connections


@dataclass(frozen=True)
class Sessions:
    """Opens and closes connections."""

    connections: Connections
    life_s: float = CONNECTION_TTL_S

    def open(self, connection_id: str, connected_at: datetime) -> None:
        """Keep a new connection.

        Raises:
            Unavailable: it is not kept, and would hear nothing.
        """
        self.connections.save(
            Connection(connection_id, connected_at, expires_at(connected_at, self.life_s))
        )

    def close(self, connection_id: str) -> None:
        """Forget a connection.

        Raises:
            Unavailable: it is forgotten when it expires.
        """
        self.connections.delete(connection_id)


def expires_at(connected_at: datetime, life_s: float = CONNECTION_TTL_S) -> datetime:
    """When a connection ends: API Gateway cuts every one after 2 h."""
    return connected_at + timedelta(seconds=life_s)
