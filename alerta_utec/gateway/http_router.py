"""The HTTP API: each request becomes an event (payload format 2.0) for the HTTP handler."""

import logging
import re
from urllib.parse import unquote

from aiohttp import web

from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.events import http_event
from alerta_utec.gateway.forwarded import RequestSource
from alerta_utec.gateway.large_response import PIECE_BYTES, LargeResponse
from alerta_utec.gateway.pools import DEFAULT_POOL
from alerta_utec.gateway.request_text import readable, readable_headers
from alerta_utec.gateway.responses import as_json, from_proxy, read_body

log = logging.getLogger(__name__)

# Fetch standard, section 3.2.3.
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}
_PARAMETER = re.compile(r"\\{(\w+)\\}")
_WHOLE_PATH = re.compile(r"\\{(\w+)\\\+\\}")


class HttpRouter:
    """A router from requests to route keys such as ``GET /incidents/{incidentId}``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._routes = [(key, _compile(key)) for key in gateway.http_routes]

    async def serve(
        self, request: web.BaseRequest, source: RequestSource, path: str, query: str
    ) -> web.Response:
        """Answer one request, with CORS headers for a page of another allowed origin."""
        allowed = self._allowed_origin(request, source)
        if request.method == "OPTIONS" and allowed:
            return web.Response(status=204, headers=_PREFLIGHT | _cors(allowed))
        response = await self._serve(request, source, path, query)
        if allowed:
            response.headers.update(_cors(allowed))
        return response

    def _allowed_origin(self, request: web.BaseRequest, source: RequestSource) -> str | None:
        sent, origins = request.headers.get("Origin"), self._gateway.origins
        if sent is None or origins is None:
            return None
        origin = readable(sent)
        return origin if origins.allow(origin, source.host) else None

    async def _serve(
        self, request: web.BaseRequest, source: RequestSource, path: str, query: str
    ) -> web.Response:
        handler = self._gateway.http
        found = self._match(f"{request.method} {path}")
        if handler is None or found is None:
            return as_json(404, {"message": "Not Found"})
        limits = self._gateway.limits
        body = await read_body(request, limits.body_max_bytes, limits.body_s)
        if body is None:
            return as_json(413, {"message": "Request Entity Too Large"})
        route_key, parameters = found
        event = http_event(
            route_key,
            parameters,
            path=path,
            query=query,
            headers=source.headers(readable_headers(request)),
            body=body,
            source_ip=source.client,
        )
        try:
            pool = self._pool(request.method, path, route_key)
            response = from_proxy(await self._gateway.invoke(handler, event, pool=pool))
            bounded = self._bounded(request, source, response)
            if bounded is None:
                log.warning("responses_full", extra={"route": route_key})
                return from_proxy(self._gateway.refuse(event))
            return bounded
        except TimeoutError:
            log.warning("handler_too_slow", extra={"route": route_key})
            return from_proxy(self._gateway.refuse(event))
        except Exception:
            log.exception("handler_failed", extra={"route": route_key})
            return as_json(500, {"message": "Internal Server Error"})

    def _bounded(
        self, request: web.BaseRequest, source: RequestSource, response: web.Response
    ) -> web.Response | None:
        """Return the response as its size demands; ``None`` if it cannot wait for its client."""
        backlog, transport = self._gateway.http_backlog, request.transport
        size_bytes = len(response.body) if isinstance(response.body, bytes) else 0
        if transport is None:
            return response  # the client has gone
        if not backlog.admit(transport, source.client, size_bytes):
            return None
        return LargeResponse(backlog, transport, response) if size_bytes > PIECE_BYTES else response

    def _pool(self, method: str, path: str, route_key: str) -> str:
        """Return the pool of the route; a HEAD runs where the GET of its path does."""
        read = self._match(f"GET {path}") if method == "HEAD" else None
        return self._gateway.http_pools.get(read[0] if read else route_key, DEFAULT_POOL)

    def _match(self, target: str) -> tuple[str, dict[str, str]] | None:
        for key, pattern in self._routes:
            if match := pattern.fullmatch(target):
                return key, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


def _cors(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Location, Retry-After",
        "Vary": "Origin",
    }


def _compile(route_key: str) -> re.Pattern[str]:
    whole = _WHOLE_PATH.sub(r"(?P<\1>.+)", re.escape(route_key))
    return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", whole))
