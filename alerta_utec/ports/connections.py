"""The registry of open connections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import ANONYMOUS, Identity, Permission
from alerta_utec.domain.subprotocol import Subprotocol

CONNECTION_TTL_S = 2 * 3600


@dataclass(frozen=True, slots=True)
class Form:
    """How changes are written for a connection."""

    # With people's names.
    private: bool
    # Several changes in one message, where there are several.
    together: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's socket, as a broadcast sees it."""

    connection_id: str
    connected_at: datetime
    expires_at: datetime
    identity: Identity = ANONYMOUS
    filter: Filter = EVERYTHING
    lang: Lang = DEFAULT_LANG
    # The selected one; ``None``: the client offered none that the service has.
    subprotocol: Subprotocol | None = None
    # As in ``Authentication``.
    credential: str | None = None
    # It was lost, and stored again without what its handshake said: filter, language, subprotocol.
    restored: bool = False

    @property
    def private(self) -> bool:
        """Whether its frames contain people's names."""
        return self.identity.can(Permission.SEE_PEOPLE)

    @property
    def form(self) -> Form:
        """The form in which its client gets changes."""
        return Form(self.private, together=self.subprotocol is Subprotocol.V2)

    def alive(self, now: datetime) -> bool:
        """Tell whether the connection has not expired."""
        return now < self.expires_at


class Connections(Protocol):
    """The connections, by id."""

    def save(self, connection: Connection) -> None:
        """Store a connection, or replace the stored one.

        Raises:
            Unavailable.
        """
        ...

    def restore(self, connection: Connection) -> bool:
        """Store a connection unless one with its id is stored; return whether it was stored.

        An expired one counts as stored. Does nothing if it is known that the socket is closed.

        Raises:
            Unavailable.
        """
        ...

    def delete(self, connection_id: str) -> None:
        """Remove a connection; an unknown id changes nothing.

        Raises:
            Unavailable.
        """
        ...

    def get(self, connection_id: str) -> Connection | None:
        """Return the stored connection (strongly consistent).

        Returns ``None`` if the id is unknown or the connection has expired.

        Raises:
            Unavailable.
        """
        ...

    def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
        """Yield every connection of one shard that has not expired, in pages of any size.

        ``number``: the shard, from 1 to ``of``. Each connection is in one of them, and in the
        same one for every caller with the same ``of``; they have about the same size. The order
        is undefined. A connection that is saved or deleted meanwhile may be included or not.

        Raises:
            Unavailable.
        """
        ...

    def estimate(self) -> int:
        """Return about how many connections have not expired; fast also with very many.

        Raises:
            Unavailable.
        """
        ...


class CredentialConnections(Protocol):
    """The open connections by the credential, a session or a key, that opened them."""

    def close_all(self, credential: str) -> int:
        """Close every connection that the credential opened; return their number.

        They receive nothing more from then on, or from the next broadcast on.

        Raises:
            Unavailable: some of them may be open still; repeat the call.
        """
        ...
