"""The table of the kernel's routes: serverless.yml, the gateway and the documents follow it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebSocketRoute:
    """One route of the WebSocket API.

    ``key``: API Gateway's route key. ``handler``: the name of the handler, which is also the
    name of its function in serverless.yml. ``two_way``: the handler's ``body`` is sent to the
    client (on API Gateway the event has ``routeResponseSelectionExpression: $default``). Only
    for routes that respond to *every* message: a two-way route whose handler returns no body
    sends the client an empty frame. The other routes post their responses to the connection.
    ``pool``: as in ``HttpRoute``.
    """

    key: str
    handler: str
    two_way: bool = False
    pool: str = "feed"


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One route of the HTTP API.

    ``key``: API Gateway's route key (HTTP API, payload format 2.0). ``operation``: the method
    that handles it, in the class that has the route's part of the API. ``pool``: the pool of
    threads on one machine (``gateway.pools``); operations that wait for different things share
    none.
    """

    key: str
    operation: str
    pool: str = "read"


WEBSOCKET_ROUTES: tuple[WebSocketRoute, ...] = (
    WebSocketRoute("$connect", "connect", pool="handshake"),
    WebSocketRoute("$disconnect", "disconnect", pool="disconnect"),
    WebSocketRoute("notify", "notify"),
    WebSocketRoute("update", "update"),
    WebSocketRoute("subscribe", "subscribe"),
    WebSocketRoute("ping", "ping", two_way=True, pool="ping"),
    WebSocketRoute("sync", "sync", two_way=True),
    WebSocketRoute("$default", "default", two_way=True),
)
ACTIONS: tuple[str, ...] = tuple(r.key for r in WEBSOCKET_ROUTES if not r.key.startswith("$"))

# Handled by handlers.incidents.IncidentsApi.
INCIDENT_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("POST /incidents", "report_incident", pool="write"),
    HttpRoute("GET /incidents", "list_incidents"),
    HttpRoute("GET /incidents/{incidentId}", "show_incident"),
    HttpRoute("PATCH /incidents/{incidentId}", "update_incident", pool="write"),
    HttpRoute("GET /stats", "statistics", pool="statistics"),
)
# Handled by handlers.service_info.ServiceInfoApi.
SERVICE_INFO_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /me", "me"),
    HttpRoute("GET /health", "health", pool="health"),
    HttpRoute("GET /config.json", "config"),
)
# Handled by handlers.panel.PanelApi.
PANEL_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /", "page"),
    HttpRoute("GET /panel/{file}", "file"),
)
# Handled by handlers.openapi.api.DocumentsApi.
DOCUMENT_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /openapi.json", "openapi"),
    HttpRoute("GET /asyncapi.json", "asyncapi"),
    HttpRoute("GET /docs", "docs"),
)
# Handled by handlers.http_api.HttpApi, by the route of GET at the same path.
HEAD_ROUTE_KEYS: tuple[str, ...] = ("HEAD /", "HEAD /{path+}")
KERNEL_ROUTES: tuple[HttpRoute, ...] = (
    *INCIDENT_ROUTES,
    *SERVICE_INFO_ROUTES,
    *PANEL_ROUTES,
    *DOCUMENT_ROUTES,
)
