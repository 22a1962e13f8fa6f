"""Changing the filters of connections."""

from dataclasses import dataclass, replace
from datetime import datetime

from alerta_utec.app.access import Access
from alerta_utec.domain.filters import Filter


@dataclass(frozen=True)
class Subscriptions:
    """Changes the filters of connections."""

    access: Access

    def change(self, connection_id: str, connected_at: datetime, wanted: Filter) -> None:
        """Send the connection only changes that match ``wanted``, from now on.

        A key with a filter receives only those of them that its own filter accepts.

        Raises:
            Unauthorized: as ``Access.connection``.
            Unavailable: its filter stays as it was.
        """
        connection = self.access.connection(connection_id, connected_at)
        bounded = wanted.within(connection.identity.filter)
        self.access.connections.save(replace(connection, filter=bounded))
