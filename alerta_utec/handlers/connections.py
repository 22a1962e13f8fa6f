"""``$connect`` and ``$disconnect``.

A module of their own that loads no incident types: when all clients reconnect at once, Lambdas
start by the dozen, and those types would take longer to load than everything else.
"""

import logging
from dataclasses import dataclass, field
from typing import Self

from alerta_utec.app.limits import AskingLimit
from alerta_utec.app.sessions import Sessions
from alerta_utec.domain.errors import AlertaError, ForeignOrigin, Unauthorized
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.bounded_log import BoundedLog
from alerta_utec.handlers.handshake import handshake_lang, read_handshake
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.lambda_io import (
    OK,
    LambdaEvent,
    LambdaResponse,
    connected_at,
    log_fields,
    source_ip,
)
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.connections import CONNECTION_TTL_S, Connections
from alerta_utec.ports.metrics import NO_METRICS, REASON, REFUSED_HANDSHAKES, Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ConnectServices:
    """The services behind ``$connect``.

    ``origins``: pages of these origins may open sockets. ``connection_life_s``: age at which a
    connection ends. ``asking`` limits handshakes.
    """

    connections: Connections
    authenticator: Authenticator
    origins: Origins
    connection_life_s: float = CONNECTION_TTL_S
    metrics: Metrics = NO_METRICS
    asking: AskingLimit | None = None


@dataclass(frozen=True)
class Connect:
    """``$connect``: 200 opens the socket; another status says why it stays closed."""

    sessions: Sessions
    origins: Origins
    metrics: Metrics = NO_METRICS
    refusals: BoundedLog = field(default_factory=lambda: BoundedLog(log))

    @classmethod
    def over(cls, services: ConnectServices) -> Self:
        """Return the handler over these services."""
        sessions = Sessions(
            services.connections,
            services.authenticator,
            services.connection_life_s,
            services.asking,
        )
        return cls(sessions, services.origins, services.metrics)

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Store the connection; the client's handshake waits for the response."""
        context = event["requestContext"]
        try:
            handshake = read_handshake(event)
            if not self.origins.allow(handshake.origin, handshake.host):
                raise ForeignOrigin(handshake.origin or "")
            self.sessions.open(
                context["connectionId"],
                connected_at(context),
                token=handshake.token,
                in_query=handshake.token_in_query,
                wanted=handshake.filter,
                lang=handshake.lang,
                subprotocol=handshake.subprotocol,
                address=source_ip(context),
            )
        except AlertaError as refusal:
            self._log(event, refusal)
            self.metrics.record({REFUSED_HANDSHAKES: 1}, {REASON: refusal.code})
            from alerta_utec import wire  # only for refusals: it loads all that reads messages

            body = wire.error(refusal, lang=handshake_lang(event))
            return {"statusCode": STATUS[refusal.code], "body": body}
        if handshake.subprotocol is None:
            return dict(OK)
        return {**OK, "headers": {"Sec-WebSocket-Protocol": handshake.subprotocol.value}}

    def _log(self, event: LambdaEvent, refusal: AlertaError) -> None:
        """Log the client's address and what was refused, with a token's reason or an origin."""
        address = source_ip(event["requestContext"]) or ""
        fields = {**log_fields(event), "address": address, "code": refusal.code}
        if isinstance(refusal, Unauthorized):
            fields["reason"] = str(refusal)
        elif isinstance(refusal, ForeignOrigin):
            fields["origin"] = str(refusal)
        self.refusals.write(logging.INFO, "connect_refused", address, fields)


@dataclass(frozen=True)
class Disconnect:
    """``$disconnect``: best effort on API Gateway, so stored connections also expire."""

    connections: Connections

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Delete the connection."""
        self.connections.delete(event["requestContext"]["connectionId"])
        return dict(OK)
