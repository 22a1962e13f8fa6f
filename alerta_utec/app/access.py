"""Who is behind a connection or a request, and what they get to see."""

from dataclasses import dataclass

from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import ANONYMOUS, Identity
from alerta_utec.ports.authentication import Authentication
from alerta_utec.ports.connections import Connection, Connections


@dataclass(frozen=True, slots=True)
class View:
    """What one client gets to see: by its filter, and ``private`` where people's names too."""

    filter: Filter = EVERYTHING
    private: bool = False


WHOLE = View()


@dataclass(frozen=True)
class NoAuthentication:
    """The ``Authenticator`` where sign-in is off: everybody, without a name."""

    required = False

    def authenticate(self, _token: str | None) -> Authentication:
        """Whoever it is."""
        return Authentication(ANONYMOUS)


@dataclass(frozen=True)
class Access:
    """Tells who sends a message, from what was kept at ``$connect``.

    Where sign-in is off (``sign_in`` is false) nothing needs to be looked up to know that it is
    anybody.
    """

    connections: Connections
    sign_in: bool

    def identity(self, connection_id: str) -> Identity:
        """Who sends over the connection.

        Raises:
            Unauthorized: the connection has expired, or is not known.
            Unavailable.
        """
        if not self.sign_in:
            return ANONYMOUS
        return self.connection(connection_id).identity

    def connection(self, connection_id: str) -> Connection:
        """What is kept of the connection.

        Raises:
            Unauthorized: it has expired, or is not known.
            Unavailable.
        """
        connection = self.connections.get(connection_id)
        if connection is None:
            raise Unauthorized("the connection has expired")
        return connection

    def lang(self, connection_id: str) -> Lang:
        """The language to answer in; Spanish where it cannot be told."""
        try:
            connection = self.connections.get(connection_id)
        except Unavailable:
            return DEFAULT_LANG
        return DEFAULT_LANG if connection is None else connection.lang

    def view(self, connection_id: str) -> View:
        """What the connection gets to see.

        Raises:
            Unauthorized: it has expired, or is not known, and sign-in is on.
            Unavailable.
        """
        connection = self.connections.get(connection_id)
        if connection is not None:
            return View(connection.filter, private=connection.private)
        if self.sign_in:
            raise Unauthorized("the connection has expired")
        return WHOLE
