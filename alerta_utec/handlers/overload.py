"""The response to an event of any route that the service has no capacity to handle now."""

from dataclasses import dataclass

from alerta_utec import wire
from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.handshake import handshake_lang
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.messages import ClientMessage, Languages, MessageRoute
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import problem_response


@dataclass(frozen=True)
class Overloaded:
    """Refuses HTTP requests, handshakes and messages as ``unavailable``; never waits."""

    languages: Languages

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Return the refusal."""
        if event.get("version") == "2.0":
            return problem_response(Unavailable(), Request(event).lang)
        if event["requestContext"]["eventType"] == "CONNECT":
            body = wire.error(Unavailable(), lang=handshake_lang(event))
            return {"statusCode": STATUS[Unavailable.code], "body": body}
        return MessageRoute(_Refuse(), self.languages).handle(event)


class _Refuse:
    """A ``MessageAction`` that refuses every message."""

    def respond(self, message: ClientMessage) -> str | None:
        """Refuse the message.

        Raises:
            Unavailable: always.
        """
        raise Unavailable("the pool's queue is full")
