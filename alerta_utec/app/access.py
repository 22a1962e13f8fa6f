"""The identity behind a connection, and what its client may see."""

import logging
from dataclasses import dataclass
from datetime import datetime

from alerta_utec.app.sessions import expires_at
from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import ANONYMOUS, Identity
from alerta_utec.ports.authentication import Authentication
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connection, Connections

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """The part of the feed that one client sees; ``private``: with people's names."""

    filter: Filter = EVERYTHING
    private: bool = False


WHOLE = View()


@dataclass(frozen=True)
class NoAuthentication:
    """The ``Authenticator`` of a deployment without sign-in: all callers are anonymous."""

    required = False

    def is_valid(self, _credential: str) -> bool:
        """Return true: there are no credentials to revoke."""
        return True

    def authenticate(self, _token: str | None) -> Authentication:
        """Return the anonymous identity, whatever the token."""
        return Authentication(ANONYMOUS)


@dataclass(frozen=True)
class Access:
    """Identifies the sender of a message from the connection stored at ``$connect``.

    Without ``sign_in`` all senders are anonymous, and none is looked up to identify it.
    ``life_s``: age at which connections end.
    """

    connections: Connections
    sign_in: bool
    life_s: float = CONNECTION_TTL_S

    def identity(self, connection_id: str) -> Identity:
        """Return the identity behind the connection.

        Raises:
            Unauthorized: the connection has expired or is unknown.
            Unavailable.
        """
        if not self.sign_in:
            return ANONYMOUS
        return self._stored(connection_id).identity

    def connection(self, connection_id: str, connected_at: datetime) -> Connection:
        """Return the stored connection; without sign-in, put a lost one back.

        Broadcasts do not reach a socket whose connection is lost. With sign-in its client learns
        of that here; without, it would get its answers and never miss them.

        Raises:
            Unauthorized: the connection has expired; with sign-in, also: it is unknown.
            Unavailable.
        """
        connection = self.connections.get(connection_id)
        if connection is not None:
            return connection
        if not self.sign_in:
            end = expires_at(connected_at, self.life_s)
            lost = Connection(connection_id, connected_at, end, restored=True)
            if self.connections.restore(lost):
                log.warning("connection_restored", extra={"connection_id": connection_id})
                return lost
        # It has expired, or another message of its client has put it back.
        return self._stored(connection_id)

    def put_back(self, connection_id: str, connected_at: datetime) -> None:
        """Put a lost connection back, best effort; with sign-in do nothing.

        It is for messages that are handled without their connection: a report must not fail
        because of it.
        """
        if self.sign_in:
            return
        try:
            self.connection(connection_id, connected_at)
        except (Unauthorized, Unavailable):
            log.exception("connection_not_restored", extra={"connection_id": connection_id})

    def lang(self, connection_id: str) -> Lang:
        """Return the connection's language; Spanish if it cannot be read."""
        try:
            connection = self.connections.get(connection_id)
        except Unavailable:
            return DEFAULT_LANG
        return DEFAULT_LANG if connection is None else connection.lang

    def view(self, connection_id: str, connected_at: datetime) -> View:
        """Return the part of the feed that the connection sees; see ``connection``."""
        connection = self.connection(connection_id, connected_at)
        return View(connection.filter, private=connection.private)

    def _stored(self, connection_id: str) -> Connection:
        connection = self.connections.get(connection_id)
        if connection is None:
            raise Unauthorized("connection_expired")
        return connection
