"""The identity behind an HTTP request."""

from dataclasses import dataclass

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Identity, Permission
from alerta_utec.handlers.handshake import bearer_tokens
from alerta_utec.handlers.request import Request
from alerta_utec.ports.authentication import Authentication, Authenticator


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
        return self.authentication(request).identity

    def permitted(self, request: Request, permission: Permission) -> Identity:
        """Return the identity of the request's token, if it has the permission.

        Raises:
            Unauthorized, Forbidden, Unavailable.
        """
        identity = self.identity(request)
        identity.require(permission)
        return identity

    def authentication(self, request: Request) -> Authentication:
        """Return what the request's token proves; errors as of ``identity``.

        Without a header, ``?key=`` has a key that may be in a URL.
        """
        tokens = bearer_tokens(request.header("authorization"))
        if tokens or "key" not in request.query:
            return self.authenticator.authenticate(tokens[0] if tokens else None)
        authentication = self.authenticator.authenticate(request.query["key"])
        if not authentication.identity.is_safe_in_url:
            raise Unauthorized("key_in_url")
        return authentication
