"""Opening connections."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.app.limits import AskingLimit
from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import Permission
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connection, Connections


@dataclass(frozen=True)
class Sessions:
    """Stores connections that open; ``life_s``: age at which they end; ``asking``: limits them."""

    connections: Connections
    authenticator: Authenticator
    life_s: float = CONNECTION_TTL_S
    asking: AskingLimit | None = None

    def open(
        self,
        connection_id: str,
        connected_at: datetime,
        *,
        token: str | None = None,
        in_query: bool = False,
        wanted: Filter = EVERYTHING,
        lang: Lang = DEFAULT_LANG,
        subprotocol: Subprotocol | None = None,
        address: str | None = None,
    ) -> None:
        """Store a new connection, until it is 2 h old or its token ends.

        ``in_query``: the token is in the URL, where only some keys may be.

        Raises:
            Unauthorized: sign-in is on, and the token is missing, invalid or revoked, or may not
                be in a URL.
            Forbidden: the token is a key that may not receive the feed.
            RateLimited: the user or address opens too many.
            Unavailable: the connection is not stored and would receive nothing.
        """
        authentication = self.authenticator.authenticate(token)
        identity = authentication.identity
        if in_query and not identity.is_safe_in_url:
            raise Unauthorized("key_in_url")
        identity.require(Permission.FOLLOW)
        if self.asking is not None:
            self.asking.connect(identity, address)
        end = expires_at(connected_at, self.life_s)
        if authentication.expires_at is not None:
            end = min(end, authentication.expires_at)
        credential = authentication.credential
        self.connections.save(
            Connection(
                connection_id,
                connected_at,
                end,
                identity,
                wanted.within(identity.filter),
                lang,
                subprotocol,
                credential,
            )
        )
        # It may have been revoked before its connections were listed to be closed.
        if credential is not None and not self.authenticator.is_valid(credential):
            self.connections.delete(connection_id)
            raise Unauthorized("revoked")


def expires_at(connected_at: datetime, life_s: float = CONNECTION_TTL_S) -> datetime:
    """Return when a connection ends by itself: API Gateway closes every one after 2 h."""
    return connected_at + timedelta(seconds=life_s)
