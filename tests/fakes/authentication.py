"""The ``Authenticator`` of tests that need one caller."""

from dataclasses import dataclass

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import Grant, Identity, Role, Scope
from alerta_utec.ports.authentication import Authentication


@dataclass(frozen=True)
class FixedAuthenticator:
    """An ``Authenticator`` that returns the same authentication for every token."""

    authentication: Authentication
    required: bool = True

    def is_valid(self, _credential: str) -> bool:
        """Return true."""
        return True

    def authenticate(self, _token: str | None) -> Authentication:
        """Return the authentication."""
        return self.authentication


def machine(*scopes: Scope, only: Filter = EVERYTHING) -> Authentication:
    """Return the authentication of a key with these scopes and this filter."""
    grant = Grant(frozenset(scopes), only)
    return Authentication(Identity("sensor", Role.PERSONAL, grant), credential="key:7a")
