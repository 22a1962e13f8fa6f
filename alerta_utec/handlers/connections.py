"""``$connect`` and ``$disconnect``.

A module of their own: when everybody comes back at once, Lambdas start by the dozen, and what
reads incidents would take them longer to load than all the rest of it.
"""

import logging
from dataclasses import dataclass

from alerta_utec.app.sessions import Sessions
from alerta_utec.domain.errors import AlertaError, Forbidden
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.handshake import handshake_lang, read_handshake
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.lambda_io import OK, Event, Response, connected_at, log_fields

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Connect:
    """``$connect``: 200 opens the socket; otherwise the status says why it stays closed."""

    sessions: Sessions
    origins: Origins

    def __call__(self, event: Event, _context: object = None) -> Response:
        """Keep the connection; the handshake waits for this."""
        context = event["requestContext"]
        try:
            handshake = read_handshake(event)
            if not self.origins.allow(handshake.origin, handshake.host):
                raise Forbidden("origin")
            self.sessions.open(
                context["connectionId"],
                connected_at(context),
                token=handshake.token,
                wanted=handshake.wanted,
                lang=handshake.lang,
            )
        except AlertaError as refusal:
            log.info("connect_refused", extra={**log_fields(event), "code": refusal.code})
            from alerta_utec import wire  # only here, since it loads all that reads messages

            body = wire.error(refusal, lang=handshake_lang(event))
            return {"statusCode": STATUS[refusal.code], "body": body}
        return {**OK, "headers": handshake.answer} if handshake.answer else dict(OK)


@dataclass(frozen=True)
class Disconnect:
    """``$disconnect``: best effort on API Gateway, so rows have a TTL besides."""

    sessions: Sessions

    def __call__(self, event: Event, _context: object = None) -> Response:
        """Forget the connection."""
        self.sessions.close(event["requestContext"]["connectionId"])
        return dict(OK)
