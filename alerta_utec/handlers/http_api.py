"""The HTTP API (API Gateway HTTP API, payload format 2.0): runs the handler of each route.

API Gateway, or the gateway that stands in for it, has matched the route already: an event names
it by its ``routeKey``.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

from alerta_utec.domain.errors import AlertaError, Internal, NotFound
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import problem_response
from alerta_utec.handlers.routes import HttpRoute

log = logging.getLogger(__name__)

HttpHandler = Callable[[Request], LambdaResponse]
HttpHandlers = Mapping[str, HttpHandler]


class HttpApi:
    """Runs HTTP handlers by route key; safe to call from several threads at once."""

    def __init__(self, handlers: HttpHandlers) -> None:
        self._handlers = handlers

    @property
    def route_keys(self) -> frozenset[str]:
        """The keys of the routes that it serves."""
        return frozenset(self._handlers)

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Return the response to one event of the HTTP API."""
        try:
            handler = self._handlers.get(event.get("routeKey", ""))
            if handler is None:
                raise NotFound
            return handler(Request(event))
        except AlertaError as refusal:
            return problem_response(refusal, Request(event).lang)
        except Exception:
            log.exception("failed", extra={"route": event.get("routeKey")})
            return problem_response(Internal(), Request(event).lang)


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
