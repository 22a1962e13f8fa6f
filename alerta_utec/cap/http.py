"""The HTTP route of an incident's CAP alert."""

from dataclasses import dataclass
from itertools import islice
from typing import Self

from alerta_utec.app.history import changes_back_from
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.domain.errors import NotFound
from alerta_utec.domain.panel_links import incident_page
from alerta_utec.domain.policy import Permission
from alerta_utec.handlers.addresses import ServiceAddress
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import Operation, Returned, documented, query
from alerta_utec.handlers.query import TEST, parse_test
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import NOTHING_RUNS
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.incidents import IncidentStore

# An update refers to so many earlier messages. A receiver needs one that it knows; each of these
# refers to those before it, and an alert expires after a day.
REFERENCES_MAX = 100
_CONTENT_TYPE = "application/cap+xml"


@dataclass(frozen=True, kw_only=True)
class CapServices:
    """The services behind the alerts."""

    store: IncidentStore
    authenticator: Authenticator
    address: ServiceAddress
    cap: CapAlerts


@dataclass(frozen=True)
class CapApi:
    """The handler of ``CAP_ROUTES``."""

    store: IncidentStore
    access: RequestAccess
    address: ServiceAddress
    alerts: CapAlerts

    @classmethod
    def over(cls, services: CapServices) -> Self:
        """Return the handler over these services."""
        access = RequestAccess(services.authenticator)
        return cls(services.store, access, services.address, services.cap)

    @documented(
        Operation(
            "Show an incident as an alert of the Common Alerting Protocol (OASIS CAP 1.2)",
            {200: Returned("The alert of its last revision", {"type": "string"}, _CONTENT_TYPE)},
            ["invalid_request", "not_found"],
            [
                query(
                    "status",
                    {"const": TEST},
                    "Test, to try out a receiver: all recipients disregard it",
                )
            ],
        )
    )
    def show_alert(self, request: Request) -> LambdaResponse:
        """Return the alert of an incident's last revision."""
        identity = self.access.permitted(request, Permission.READ)
        test = parse_test(request.query)
        incident_id = request.path_id("incidentId")
        newest_first = islice(changes_back_from(self.store, incident_id), 1 + REFERENCES_MAX)
        history = tuple(newest_first)[::-1]
        if not identity.can_see(history[-1].after):
            raise NotFound
        panel = self.address.panel_url(request)
        page = panel and incident_page(panel, incident_id)
        headers = {
            "Content-Type": f"{_CONTENT_TYPE}; charset=utf-8",
            "Cache-Control": "no-store",
            **NOTHING_RUNS,
        }
        alert = self.alerts.write(history, page=page, test=test)
        return {"statusCode": 200, "headers": headers, "body": alert.decode()}
