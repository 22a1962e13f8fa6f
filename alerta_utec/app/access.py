"""The identity behind a connection, and what its client may see."""

from dataclasses import dataclass

from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import ANONYMOUS, Identity
from alerta_utec.ports.authentication import Authentication
from alerta_utec.ports.connections import Connection, Connections


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

    def authenticate(self, _token: str | None) -> Authentication:
        """Return the anonymous identity, whatever the token."""
        return Authentication(ANONYMOUS)


@dataclass(frozen=True)
class Access:
    """Identifies the sender of a message from the connection stored at ``$connect``.

    Without ``sign_in`` all senders are anonymous, and none is looked up to identify it.
    """

    connections: Connections
    sign_in: bool

    def identity(self, connection_id: str) -> Identity:
        """Return the identity behind the connection.

        Raises:
            Unauthorized: the connection has expired or is unknown.
            Unavailable.
        """
        if not self.sign_in:
            return ANONYMOUS
        return self.connection(connection_id).identity

    def connection(self, connection_id: str) -> Connection:
        """Return the stored connection.

        Raises:
            Unauthorized: it has expired or is unknown.
            Unavailable.
        """
        connection = self.connections.get(connection_id)
        if connection is None:
            raise Unauthorized("connection_expired")
        return connection

    def lang(self, connection_id: str) -> Lang:
        """Return the connection's language; Spanish if it cannot be read."""
        try:
            connection = self.connections.get(connection_id)
        except Unavailable:
            return DEFAULT_LANG
        return DEFAULT_LANG if connection is None else connection.lang

    def view(self, connection_id: str) -> View:
        """Return the part of the feed that the connection sees.

        Raises:
            Unauthorized: the connection has expired or is unknown, and sign-in is on.
            Unavailable.
        """
        connection = self.connections.get(connection_id)
        if connection is not None:
            return View(connection.filter, private=connection.private)
        if self.sign_in:
            raise Unauthorized("connection_expired")
        return WHOLE
