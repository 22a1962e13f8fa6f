"""The HTTP routes of keys."""

from dataclasses import dataclass
from typing import Self

from alerta_utec.app.limits import SubmitLimit
from alerta_utec.domain.errors import Forbidden
from alerta_utec.domain.policy import Permission
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import Body, Operation, Returned, documented
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import json_response, no_content
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.sign_in.manage_keys import ManageKeys


@dataclass(frozen=True, kw_only=True)
class KeyServices:
    """The services behind these routes."""

    authenticator: Authenticator
    limit: SubmitLimit
    manage_keys: ManageKeys


@dataclass(frozen=True)
class KeysApi:
    """The handlers of ``KEY_ROUTES``, for those whom the policy lets manage keys."""

    access: RequestAccess
    limit: SubmitLimit
    manage: ManageKeys

    @classmethod
    def over(cls, services: KeyServices) -> Self:
        """Return the handlers over these services."""
        access = RequestAccess(services.authenticator)
        return cls(access, services.limit, services.manage_keys)

    @documented(Operation("List the keys, the oldest first", "KeyList", ["forbidden"]))
    def list_keys(self, request: Request) -> LambdaResponse:
        """Return all keys, without their secrets."""
        self._authorize(request)
        return json_response(200, {"keys": [key.to_json() for key in self.manage.all()]})

    @documented(
        Operation(
            "Make a key for a machine; the response alone shows it",
            {201: Returned("Made", "KeyWithToken")},
            ("forbidden", "rate_limited", "bad_json", "invalid_request", "too_large"),
            body=Body("KeyToMake"),
        )
    )
    def create_key(self, request: Request) -> LambdaResponse:
        """Make a key."""
        by = self._authorize(request, counts=True)
        key, token = self.manage.create(request.json(), by=by)
        body = key.to_json() | {"key": token}
        return json_response(201, body, Location=f"keys/{key.key_id}")

    @documented(
        Operation(
            "Revoke a key; the connections that it opened are closed",
            {204: Returned("Revoked")},
            ("forbidden", "not_found", "rate_limited"),
        )
    )
    def revoke_key(self, request: Request) -> LambdaResponse:
        """Revoke a key."""
        by = self._authorize(request, counts=True)
        self.manage.revoke(request.path_id("keyId"), by=by)
        return no_content()

    def _authorize(self, request: Request, *, counts: bool = False) -> str | None:
        """Return the caller, if they may manage keys; ``counts``: limit how often.

        Raises:
            Unauthorized, Forbidden, RateLimited, Unavailable.
        """
        identity = self.access.permitted(request, Permission.MANAGE_KEYS)
        if identity.user is None:
            # Without sign-in a key opens nothing that is not open already.
            raise Forbidden("sign-in is off")
        if counts:
            self.limit.take(identity, address=request.source_ip)
        return identity.user
