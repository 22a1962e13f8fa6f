"""Opening connections."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import Permission
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connection, Connections


@dataclass(frozen=True)
class Sessions:
    """Stores connections that open; ``life_s``: age at which they end."""

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
        subprotocol: Subprotocol | None = None,
    ) -> None:
        """Store a new connection, until it is 2 h old or its token ends.

        Raises:
            Unauthorized: sign-in is on, and the token is missing or invalid.
            Forbidden: the token is a key that may not receive the feed.
            Unavailable: the connection is not stored and would receive nothing.
        """
        authentication = self.authenticator.authenticate(token)
        identity = authentication.identity
        identity.require(Permission.FOLLOW)
        end = expires_at(connected_at, self.life_s)
        if authentication.expires_at is not None:
            end = min(end, authentication.expires_at)
        self.connections.save(
            Connection(
                connection_id,
                connected_at,
                end,
                identity,
                wanted.within(identity.filter),
                lang,
                subprotocol,
                authentication.credential,
            )
        )


def expires_at(connected_at: datetime, life_s: float = CONNECTION_TTL_S) -> datetime:
    """Return when a connection ends by itself: API Gateway closes every one after 2 h."""
    return connected_at + timedelta(seconds=life_s)
