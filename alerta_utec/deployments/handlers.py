"""The handlers of all routes over one set of services."""

from collections.abc import Callable
from dataclasses import dataclass

from alerta_utec.cap.http import CapApi, CapServices
from alerta_utec.cap.routes import CAP_ROUTES
from alerta_utec.deployments.api_parts import API_PARTS
from alerta_utec.handlers.connections import Connect, ConnectServices, Disconnect
from alerta_utec.handlers.http_api import HttpApi, HttpHandlers, handlers_of
from alerta_utec.handlers.incidents import IncidentsApi, IncidentServices
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.openapi.api import DocumentsApi
from alerta_utec.handlers.panel import PanelApi
from alerta_utec.handlers.routes import (
    DOCUMENT_ROUTES,
    INCIDENT_ROUTES,
    PANEL_ROUTES,
    SERVICE_INFO_ROUTES,
    WEBSOCKET_ROUTES,
    WebSocketRoute,
)
from alerta_utec.handlers.service_info import InfoServices, ServiceInfoApi
from alerta_utec.handlers.websocket import MESSAGE_ACTIONS, WebSocketServices
from alerta_utec.sign_in.http_keys import KeysApi, KeyServices
from alerta_utec.sign_in.routes import KEY_ROUTES
from alerta_utec.webhooks.http import WebhooksApi, WebhookServices
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES

Handler = Callable[[LambdaEvent, object], LambdaResponse]


@dataclass(frozen=True, kw_only=True)
class Services(
    ConnectServices,
    WebSocketServices,
    IncidentServices,
    InfoServices,
    CapServices,
    WebhookServices,
    KeyServices,
):
    """The services behind all routes; each base class documents those of some of them."""


class Handlers:
    """A handler for each route of the tables of routes, over one set of services.

    Attributes:
        http: runs all HTTP routes.
        websocket: by ``handler`` in the table of WebSocket routes.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.http = HttpApi(http_handlers(services), services.origins, services.metrics)
        self.websocket = {route.handler: self._handler(route) for route in WEBSOCKET_ROUTES}

    def _handler(self, route: WebSocketRoute) -> Handler:
        services = self._services
        if route.handler == "connect":
            return Connect.over(services).handle
        if route.handler == "disconnect":
            return Disconnect(services.connections).handle
        action = MESSAGE_ACTIONS[route.handler](services)
        if route.two_way:
            return MessageRoute.two_way(action, services).handle
        return MessageRoute.one_way(action, services).handle


def http_handlers(services: Services) -> HttpHandlers:
    """Return the handlers of all HTTP routes by route key."""
    sign_in = services.authenticator.required
    return {
        **handlers_of(INCIDENT_ROUTES, IncidentsApi.over(services)),
        **handlers_of(SERVICE_INFO_ROUTES, ServiceInfoApi.over(services)),
        **handlers_of(PANEL_ROUTES, PanelApi(services.address)),
        **handlers_of(DOCUMENT_ROUTES, DocumentsApi(API_PARTS, sign_in, services.address)),
        **handlers_of(CAP_ROUTES, CapApi.over(services)),
        **handlers_of(WEBHOOK_ROUTES, WebhooksApi.over(services)),
        **handlers_of(KEY_ROUTES, KeysApi.over(services)),
    }
