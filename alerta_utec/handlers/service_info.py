"""The HTTP routes that describe the caller, the service's health and its configuration."""

from dataclasses import dataclass
from typing import Self

from alerta_utec.domain.policy import TRANSITIONS, Permission, Role
from alerta_utec.domain.values import Status
from alerta_utec.handlers.addresses import WebSocketAddress
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import Operation, documented
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import json_response
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.incidents import IncidentStore


@dataclass(frozen=True, kw_only=True)
class InfoServices:
    """The services behind these routes."""

    store: IncidentStore
    authenticator: Authenticator
    address: WebSocketAddress


@dataclass(frozen=True)
class ServiceInfoApi:
    """The handlers of ``SERVICE_INFO_ROUTES``."""

    store: IncidentStore
    authenticator: Authenticator
    access: RequestAccess
    address: WebSocketAddress

    @classmethod
    def over(cls, services: InfoServices) -> Self:
        """Return the handlers over these services."""
        authenticator = services.authenticator
        return cls(services.store, authenticator, RequestAccess(authenticator), services.address)

    @documented(Operation("Show the caller's name, role and permissions", "Me"))
    def me(self, request: Request) -> LambdaResponse:
        """Return the caller's name, role and permissions."""
        identity = self.access.identity(request)
        may = [permission.value for permission in Permission if identity.can(permission)]
        body = {"user": identity.user, "role": identity.role.value, "may": may}
        return json_response(200, body)

    @documented(
        Operation(
            "Check that the service works; it returns the feed's position", "Health", public=True
        )
    )
    def health(self, _request: Request) -> LambdaResponse:
        """Return the feed's position; it is read, so the response shows that the store works.

        ``degraded``: the service works, and has skipped stored rows that it cannot read.
        """
        position = str(self.store.position())
        if damaged_rows := self.store.damaged_rows:
            body = {"status": "degraded", "position": position, "damagedRows": damaged_rows}
            return json_response(200, body)
        return json_response(200, {"status": "ok", "position": position})

    @documented(Operation("Show the configuration of front ends", "Config", public=True))
    def config(self, request: Request) -> LambdaResponse:
        """Return the configuration of front ends."""
        auth = "jwt" if self.authenticator.required else "off"
        body = {
            "webSocketUrl": self.address.url(request),
            "auth": auth,
            "roles": [role.value for role in Role],
            "moves": {status.value: sorted(TRANSITIONS[status]) for status in Status},
        }
        return json_response(200, body)
