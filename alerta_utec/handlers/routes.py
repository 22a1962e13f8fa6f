"""The one table of routes: serverless.yml, the local gateway and the documents follow it."""

from dataclasses import dataclass
from typing import Literal

HandlerName = Literal[
    "connect", "disconnect", "notify", "update", "subscribe", "ping", "sync", "default", "http"
]


@dataclass(frozen=True, slots=True)
class WebSocketRoute:
    """One route of the WebSocket API.

    ``two_way``: the handler's ``body`` is sent to the client (on API Gateway: the event has
    ``routeResponseSelectionExpression: $default``). Only for routes that answer *every*
    message: a two-way route whose handler returns no body sends the client an empty frame.
    The other routes post their answer, if there is one, through ``@connections``.
    """

    key: str
    handler: HandlerName
    two_way: bool = False


WEBSOCKET_ROUTES: tuple[WebSocketRoute, ...] = (
    WebSocketRoute("$connect", "connect"),
    WebSocketRoute("$disconnect", "disconnect"),
    WebSocketRoute("notify", "notify"),
    WebSocketRoute("update", "update"),
    WebSocketRoute("subscribe", "subscribe"),
    WebSocketRoute("ping", "ping", two_way=True),
    WebSocketRoute("sync", "sync", two_way=True),
    WebSocketRoute("$default", "default", two_way=True),
)
ACTIONS: tuple[str, ...] = tuple(r.key for r in WEBSOCKET_ROUTES if not r.key.startswith("$"))

# API Gateway HTTP API route keys (payload format 2.0), all served by ``http``.
WEBHOOK_ROUTES: tuple[str, ...] = (
    "GET /webhooks",
    "POST /webhooks",
    "GET /webhooks/{webhookId}",
    "PATCH /webhooks/{webhookId}",
    "DELETE /webhooks/{webhookId}",
    "POST /webhooks/{webhookId}/secret",
    "GET /webhooks/{webhookId}/failures",
    "POST /webhooks/{webhookId}/retry",
    "POST /webhooks/{webhookId}/test",
)
HTTP_ROUTES: tuple[str, ...] = (
    "GET /",
    "HEAD /",
    "GET /panel/{file}",
    "POST /incidents",
    "GET /incidents",
    "GET /incidents/{incidentId}",
    "GET /incidents/{incidentId}/cap",
    "PATCH /incidents/{incidentId}",
    "GET /stats",
    "GET /me",
    "GET /health",
    "GET /config.json",
    "GET /openapi.json",
    "GET /asyncapi.json",
    "GET /docs",
    *WEBHOOK_ROUTES,
)
