"""Who is connected, and until when."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connection, Connections

if TYPE_CHECKING:
    from alerta_utec.app.access import Access


@dataclass(frozen=True)
class Sessions:
    """Opens and closes connections."""

    connections: Connections
    authenticator: Authenticator
    life_s: float = CONNECTION_TTL_S

    def open(
        self,
        connection_id: str,
        connected_at: datetime,
        *,
        token: str | None = None,
        wanted: Filter = EVERYTHING,
        lang: Lang = DEFAULT_LANG,
    ) -> None:
        """Keep a new connection, until it is 2 h old or its token ends.

        Raises:
            Unauthorized: no valid token, where one is needed.
            Unavailable: it is not kept, and would hear nothing.
        """
        signed = self.authenticator.authenticate(token)
        end = expires_at(connected_at, self.life_s)
        if signed.expires_at is not None:
            end = min(end, signed.expires_at)
        self.connections.save(
            Connection(connection_id, connected_at, end, signed.identity, wanted, lang)
        )

    def close(self, connection_id: str) -> None:
        """Forget a connection.

        Raises:
            Unavailable: it is forgotten when it expires.
        """
        self.connections.delete(connection_id)


@dataclass(frozen=True)
class Subscriptions:
    """Keeps what each connection wants to hear."""

    access: "Access"

    def change(self, connection_id: str, wanted: Filter) -> None:
        """Send the connection only what ``wanted`` concerns, from now on.

        Raises:
            Unauthorized: the connection has expired, or is not known.
            Unavailable: it goes on as before.
        """
        connection = self.access.connection(connection_id)
        self.access.connections.save(replace(connection, filter=wanted))


def expires_at(connected_at: datetime, life_s: float = CONNECTION_TTL_S) -> datetime:
    """When a connection ends by itself: API Gateway cuts every one after 2 h."""
    return connected_at + timedelta(seconds=life_s)
