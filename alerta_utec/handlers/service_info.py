"""The HTTP routes that describe the caller, the service's health and its configuration."""

from dataclasses import dataclass
from typing import Any, Self

from alerta_utec.domain.policy import TRANSITIONS, Permission, Role
from alerta_utec.domain.values import Status
from alerta_utec.handlers.addresses import ServiceAddress
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import Operation, documented
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import json_response
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.incidents import IncidentStore


@dataclass(frozen=True, kw_only=True)
class InfoServices:
    """The services behind these routes.

    ``heartbeat_s``: the interval of ``position`` messages; ``None``: the service sends none.
    """

    store: IncidentStore
    authenticator: Authenticator
    address: ServiceAddress
    heartbeat_s: float | None = None


@dataclass(frozen=True)
class ServiceInfoApi:
    """The handlers of ``SERVICE_INFO_ROUTES``."""

    store: IncidentStore
    authenticator: Authenticator
    access: RequestAccess
    address: ServiceAddress
    heartbeat_s: float | None = None

    @classmethod
    def over(cls, services: InfoServices) -> Self:
        """Return the handlers over these services."""
        authenticator = services.authenticator
        return cls(
            services.store,
            authenticator,
            RequestAccess(authenticator),
            services.address,
            services.heartbeat_s,
        )

    @documented(Operation("Show the caller's name, role and permissions", "Me"))
    def me(self, request: Request) -> LambdaResponse:
        """Return the caller's name, role and permissions."""
        identity = self.access.identity(request)
        may = [permission.value for permission in Permission if identity.can(permission)]
        body = {"user": identity.user, "role": identity.role.value, "may": may}
        return json_response(200, body)

    @documented(
        Operation(
            "Check that the service works; without sign-in, return the position",
            "Health",
            public=True,
        )
    )
    def health(self, _request: Request) -> LambdaResponse:
        """Return whether the service works; the feed's position is read, which shows it.

        Where people sign in, the position is for them alone, and no token is read here: the answer
        depends on no issuer. ``degraded``: the service works, and has skipped stored rows that it
        cannot read.
        """
        position, damaged_rows = str(self.store.position()), self.store.damaged_rows
        body: dict[str, Any] = {"status": "degraded" if damaged_rows else "ok"}
        if not self.authenticator.required:
            body["position"] = position
        if damaged_rows:
            body["damagedRows"] = damaged_rows
        return json_response(200, body)

    @documented(Operation("Show the configuration of front ends", "Config", public=True))
    def config(self, request: Request) -> LambdaResponse:
        """Return the configuration of front ends."""
        auth = "jwt" if self.authenticator.required else "off"
        body: dict[str, Any] = {
            "webSocketUrl": self.address.web_socket_url(request),
            "auth": auth,
            "roles": [role.value for role in Role],
            "moves": {status.value: sorted(TRANSITIONS[status]) for status in Status},
        }
        if self.address.web_socket_path is not None:
            body["webSocketPath"] = self.address.web_socket_path
        if self.heartbeat_s is not None:
            body["heartbeatSeconds"] = self.heartbeat_s
        return json_response(200, body)
