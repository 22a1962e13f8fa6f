"""Authentication by token: of people, and of machines by keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerta_utec.domain.policy import Identity


@dataclass(frozen=True, slots=True)
class Authentication:
    """The identity that a valid token proves, and the end of its validity.

    ``credential``: names the session or key behind the token, so that its connections can be
    found when it is revoked; ``None`` for tokens that only end by themselves.
    """

    identity: Identity
    # ``None``: it does not end.
    expires_at: datetime | None = None
    credential: str | None = None


class Authenticator(Protocol):
    """A verifier of tokens."""

    @property
    def required(self) -> bool:
        """Whether sign-in is on."""
        ...

    def is_valid(self, credential: str) -> bool:
        """Tell whether the session or key of an earlier authentication still exists.

        Raises:
            Unavailable.
        """
        ...

    def authenticate(self, token: str | None) -> Authentication:
        """Return the token's identity. May block for up to 5 s to fetch the issuer's keys.

        Raises:
            Unauthorized: the token is missing although sign-in is on, or is not valid now.
            Unavailable: the issuer's keys cannot be fetched.
        """
        ...
