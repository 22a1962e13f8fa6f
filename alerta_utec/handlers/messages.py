"""The route of a client's message: decodes the message, runs its action, sends the response."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from alerta_utec import wire
from alerta_utec.app.access import Access
from alerta_utec.app.limits import AskingLimit
from alerta_utec.domain.errors import AlertaError, Internal, Unavailable
from alerta_utec.domain.messages import Lang
from alerta_utec.handlers.bounded_log import BoundedLog
from alerta_utec.handlers.lambda_io import (
    OK,
    LambdaEvent,
    LambdaResponse,
    connected_at,
    log_fields,
    source_ip,
)
from alerta_utec.ports.broadcast import Poster
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connections
from alerta_utec.ports.metrics import NO_METRICS, UNAVAILABLE, Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """One decoded message of a client."""

    body: Mapping[str, Any]
    connection_id: str
    connected_at: datetime
    request_id: str | None
    source_ip: str | None = None
    # API Gateway's id; ``request_id`` is the client's own.
    gateway_request_id: str | None = None


class MessageAction(Protocol):
    """The action that a message asks for."""

    def respond(self, message: ClientMessage) -> str | None:
        """Run the action and return the frame to send back; ``None``: there is none to send.

        Raises:
            AlertaError: the refusal to send back.
        """
        ...


class Languages(Protocol):
    """The language of each connection."""

    def lang(self, connection_id: str) -> Lang:
        """Return the language of the connection's responses; never raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class MessageServices:
    """The services behind every message.

    ``sign_in``: whether clients sign in; without it no connection is looked up to identify a
    sender. ``poster``: sends the responses of one-way routes; ``None``: the handlers return them.
    ``connection_life_s`` as at ``$connect``. ``metrics`` count the responses ``unavailable``.
    ``asking`` limits messages that read.
    """

    connections: Connections
    sign_in: bool
    connection_life_s: float = CONNECTION_TTL_S
    poster: Poster | None = None
    metrics: Metrics = NO_METRICS
    asking: AskingLimit | None = None

    def access(self) -> Access:
        """Return the use case that identifies senders."""
        return Access(self.connections, self.sign_in, self.connection_life_s)


@dataclass(frozen=True)
class MessageRoute:
    """One route for messages.

    Without a ``poster`` the route is two-way and the response is the handler's result; with one
    the response is posted to the connection. ``languages`` is asked for refusals only.
    """

    action: MessageAction
    languages: Languages
    poster: Poster | None = None
    metrics: Metrics = NO_METRICS
    asking: AskingLimit | None = None
    refusals: BoundedLog = field(default_factory=lambda: BoundedLog(log), repr=False)

    @classmethod
    def one_way(cls, action: MessageAction, services: MessageServices) -> Self:
        """Return a route whose response is posted, where the services have a poster."""
        return cls(action, services.access(), services.poster, services.metrics, services.asking)

    @classmethod
    def two_way(cls, action: MessageAction, services: MessageServices) -> Self:
        """Return a route whose response is the handler's result."""
        return cls(action, services.access(), metrics=services.metrics, asking=services.asking)

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Handle one message; always 200, since a refusal is a response too."""
        frame = self._response(event)
        if frame is None:
            return dict(OK)
        if self.poster is None:
            return {**OK, "body": frame}
        try:
            self.poster.post([event["requestContext"]["connectionId"]], frame)
        except Unavailable:
            # A submission is stored by now; the client repeats it with its key and finds it so.
            log.exception("response_not_sent", extra=log_fields(event))
        return dict(OK)

    def _response(self, event: LambdaEvent) -> str | None:
        request = None
        try:
            body = wire.decode(event.get("body"))
            request = wire.optional_text(body, "requestId", wire.REQUEST_ID_MAX)
            context = event["requestContext"]
            message = ClientMessage(
                body,
                context["connectionId"],
                connected_at(context),
                request,
                source_ip(context),
                context.get("requestId"),
            )
            if self.asking is not None:
                route = str(context["routeKey"])
                self.asking.ask(route, message.connection_id, message.source_ip)
            return self.action.respond(message)
        except AlertaError as refusal:
            fields = {**log_fields(event), "code": refusal.code}
            self.refusals.write(logging.INFO, "refused", fields.get("connectionId", ""), fields)
            if refusal.code == Unavailable.code:
                self.metrics.record({UNAVAILABLE: 1})
            return wire.error(refusal, request=request, lang=self._lang(event))
        except Exception:
            log.exception("failed", extra=log_fields(event))
            return wire.error(Internal(), request=request, lang=self._lang(event))

    def _lang(self, event: LambdaEvent) -> Lang:
        return self.languages.lang(event["requestContext"]["connectionId"])
