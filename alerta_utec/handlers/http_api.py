"""The HTTP API (API Gateway HTTP API, payload format 2.0): runs the handler of each route.

API Gateway, or the gateway that stands in for it, has matched the route already: an event names
it by its ``routeKey``.
"""

import base64
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

from alerta_utec.domain.errors import (
    AlertaError,
    ForeignOrigin,
    Internal,
    NotFound,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.bounded_log import BoundedLog
from alerta_utec.handlers.browser_guard import check_write
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse, log_fields
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import problem_response
from alerta_utec.handlers.routes import HttpRoute
from alerta_utec.ports.metrics import NO_METRICS, UNAVAILABLE, Metrics

log = logging.getLogger(__name__)

HttpHandler = Callable[[Request], LambdaResponse]
HttpHandlers = Mapping[str, HttpHandler]

_PARAMETER = re.compile(r"\\{(\w+)\\}")


class HttpApi:
    """Runs HTTP handlers by route key; safe to call from several threads at once."""

    def __init__(
        self, handlers: HttpHandlers, origins: Origins, metrics: Metrics = NO_METRICS
    ) -> None:
        self._handlers = handlers
        self._origins = origins
        self._metrics = metrics
        self._refusals = BoundedLog(log)
        self._reads = {key: _pattern(key) for key in handlers if key.startswith("GET ")}

    @property
    def route_keys(self) -> frozenset[str]:
        """The keys of the routes that it serves; besides, it answers HEAD at each path of GET."""
        return frozenset(self._handlers)

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Return the response to one event of the HTTP API."""
        response = self._respond(event)
        is_head = str(event.get("routeKey", "")).startswith("HEAD ")
        return _without_body(response) if is_head else response

    def _respond(self, event: LambdaEvent) -> LambdaResponse:
        try:
            request = Request(event)
            if request.method == "HEAD":
                return self._run(self._as_read(event))
            check_write(request, self._origins)
            return self._run(request)
        except AlertaError as refusal:
            self._log(Request(event), refusal)
            if refusal.code == Unavailable.code:
                self._metrics.record({UNAVAILABLE: 1})
            return problem_response(refusal, Request(event).lang)
        except Exception:
            log.exception("failed", extra=log_fields(event))
            return problem_response(Internal(), Request(event).lang)

    def _log(self, request: Request, refusal: AlertaError) -> None:
        """Log the refusal of a token, never the token, or of another site's page."""
        fields: dict[str, str] = {"address": request.address, "route": request.route_key}
        if isinstance(refusal, ForeignOrigin | UnsupportedMediaType):
            fields |= {"origin": request.header("origin") or "", "code": refusal.code}
            self._refusals.write(logging.WARNING, "origin_refused", request.address, fields)
        elif isinstance(refusal, Unauthorized) and request.header("authorization") is not None:
            fields["reason"] = str(refusal)
            self._refusals.write(logging.WARNING, "token_refused", request.address, fields)

    def _run(self, request: Request) -> LambdaResponse:
        handler = self._handlers.get(request.route_key)
        if handler is None:
            raise NotFound
        return handler(request)

    def _as_read(self, event: LambdaEvent) -> Request:
        """Return the request as a GET of the same path.

        A route of HEAD covers many paths, so that a new route of GET needs no second one.

        Raises:
            NotFound: no route of GET has that path.
        """
        path = str(event["rawPath"])
        for key, pattern in self._reads.items():
            if match := pattern.fullmatch(path):
                parameters = {name: unquote(text) for name, text in match.groupdict().items()}
                return Request({**event, "routeKey": key, "pathParameters": parameters})
        raise NotFound


def _pattern(route_key: str) -> re.Pattern[str]:
    """Return the pattern of the paths of a route."""
    path = re.escape(route_key.partition(" ")[2])
    return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path))


def _without_body(response: LambdaResponse) -> LambdaResponse:
    """Return the response to HEAD: the headers of the one to GET (RFC 9110, section 9.3.2)."""
    body = response.get("body") or ""
    size = len(base64.b64decode(body) if response.get("isBase64Encoded") else body.encode())
    headers = {**response.get("headers", {}), "Content-Length": str(size)}
    return {**response, "headers": headers, "body": "", "isBase64Encoded": False}


def handlers_of(routes: Iterable[HttpRoute], part: object) -> HttpHandlers:
    """Return the methods of ``part`` that handle these routes, by route key.

    Raises:
        AttributeError: a route's operation is missing.
    """
    return {route.key: getattr(part, route.operation) for route in routes}


class LazyHandlers:
    """Handlers that are loaded at the first request to one of their routes.

    For a Lambda that would otherwise pay at each cold start for routes that are seldom asked for.
    """

    def __init__(self, load: Callable[[], HttpHandlers]) -> None:
        self._load = load
        self._loaded: HttpHandlers | None = None

    def of(self, routes: Iterable[HttpRoute]) -> HttpHandlers:
        """Return a handler for each of these routes, by route key."""
        return dict.fromkeys((route.key for route in routes), self._handle)

    def _handle(self, request: Request) -> LambdaResponse:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded[request.route_key](request)
