"""The identity behind an HTTP request."""

from dataclasses import dataclass

from alerta_utec.domain.policy import Identity
from alerta_utec.handlers.handshake import bearer_tokens
from alerta_utec.handlers.request import Request
from alerta_utec.ports.authentication import Authenticator


@dataclass(frozen=True, slots=True)
class RequestAccess:
    """Identifies the senders of HTTP requests by their bearer tokens."""

    authenticator: Authenticator

    def identity(self, request: Request) -> Identity:
        """Return the identity of the request's token.

        Raises:
            Unauthorized: sign-in is on, and the token is missing or invalid.
            Unavailable.
        """
        tokens = bearer_tokens(request.header("authorization"))
        return self.authenticator.authenticate(tokens[0] if tokens else None).identity
