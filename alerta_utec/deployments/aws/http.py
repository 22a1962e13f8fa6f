"""The Lambda of the HTTP API and the panel, without the routes of webhooks.

The panel and the documents are loaded when they are first asked for: most processes serve none of
them.
"""

from dataclasses import dataclass
from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.cap.http import CapApi, CapServices
from alerta_utec.cap.routes import CAP_ROUTES
from alerta_utec.deployments.aws.allowed_origins import origins
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.heartbeat import HEARTBEAT_S
from alerta_utec.deployments.aws.services.campus import timezone
from alerta_utec.deployments.aws.services.cap import alerts
from alerta_utec.deployments.aws.services.deliveries import delivery_record
from alerta_utec.deployments.aws.services.incidents import incident_store, submit_limit
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.signing_in import authenticator
from alerta_utec.handlers.addresses import FixedAddress
from alerta_utec.handlers.http_api import HttpApi, HttpHandlers, LazyHandlers, handlers_of
from alerta_utec.handlers.incidents import IncidentsApi, IncidentServices
from alerta_utec.handlers.routes import (
    DOCUMENT_ROUTES,
    INCIDENT_ROUTES,
    PANEL_ROUTES,
    SERVICE_INFO_ROUTES,
)
from alerta_utec.handlers.service_info import InfoServices, ServiceInfoApi


@dataclass(frozen=True, kw_only=True)
class HttpServices(IncidentServices, InfoServices, CapServices):
    """The services behind the routes that are loaded with the Lambda."""


dynamodb, metrics = clients.dynamodb(), embedded_metrics(environ)
services = HttpServices(
    store=incident_store(dynamodb, environ, metrics),
    deliveries=delivery_record(dynamodb, environ),
    authenticator=authenticator(dynamodb, environ),
    limit=submit_limit(dynamodb, environ),
    clock=SystemClock(),
    timezone=timezone(environ),
    address=FixedAddress(environ["WEBSOCKET_URL"]),
    cap=alerts(environ),
    heartbeat_s=HEARTBEAT_S,
)


def _panel() -> HttpHandlers:
    from alerta_utec.handlers.panel import PanelApi

    return handlers_of(PANEL_ROUTES, PanelApi(services.address))


def _documents() -> HttpHandlers:
    from alerta_utec.deployments.api_parts import API_PARTS
    from alerta_utec.handlers.openapi.api import DocumentsApi

    documents = DocumentsApi(API_PARTS, services.authenticator.required, services.address)
    return handlers_of(DOCUMENT_ROUTES, documents)


api = HttpApi(
    {
        **handlers_of(INCIDENT_ROUTES, IncidentsApi.over(services)),
        **handlers_of(SERVICE_INFO_ROUTES, ServiceInfoApi.over(services)),
        **handlers_of(CAP_ROUTES, CapApi.over(services)),
        **LazyHandlers(_panel).of(PANEL_ROUTES),
        **LazyHandlers(_documents).of(DOCUMENT_ROUTES),
    },
    origins(environ),
    metrics,
)
handler = lambda_handler(api.handle)
