"""The WebSocket API's routes: proxy event in, proxy response out."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alerta_utec import wire
from alerta_utec.app.access import Access
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.app.sessions import Sessions, Subscriptions, expires_at
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError, Forbidden, Internal, Unavailable, UnknownAction
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.incident import Report
from alerta_utec.domain.messages import Lang
from alerta_utec.domain.origins import Origins
from alerta_utec.domain.update import Update
from alerta_utec.handlers.handshake import handshake_lang, read_handshake
from alerta_utec.handlers.routes import ACTIONS
from alerta_utec.handlers.statuses import STATUS
from alerta_utec.ports import CONNECTION_TTL_S, Committed, Poster

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Response = dict[str, Any]
OK: Mapping[str, Any] = {"statusCode": 200}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client, decoded."""

    body: Mapping[str, Any]
    connection_id: str
    connected_at: datetime
    request_id: str | None


Action = Callable[[Message], str | None]


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
                _connected_at(context),
                token=handshake.token,
                wanted=handshake.wanted,
                lang=handshake.lang,
            )
        except AlertaError as refusal:
            log.info("connect_refused", extra={**_fields(event), "code": refusal.code})
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


@dataclass(frozen=True)
class MessageRoute:
    """A route for messages: decodes one, acts on it and answers it.

    Without a ``poster`` the route is two-way and the answer is the response's body;
    with one the answer is posted to the connection. ``lang_of`` tells the language for a
    connection's refusals.
    """

    action: Action
    lang_of: Callable[[str], Lang]
    poster: Poster | None = None

    def __call__(self, event: Event, _context: object = None) -> Response:
        """Handle one message; always 200, since a refusal is an answer too."""
        frame = self._answer(event)
        if frame is None:
            return dict(OK)
        if self.poster is None:
            return {**OK, "body": frame}
        try:
            self.poster.post([event["requestContext"]["connectionId"]], frame)
        except Unavailable:
            # What was accepted is stored; the client repeats with its key and finds it so.
            log.exception("answer_not_sent", extra=_fields(event))
        return dict(OK)

    def _answer(self, event: Event) -> str | None:
        request = None
        try:
            body = wire.decode(event.get("body"))
            request = wire.short_text(body, "requestId", wire.REQUEST_ID_MAX)
            context = event["requestContext"]
            message = Message(body, context["connectionId"], _connected_at(context), request)
            return self.action(message)
        except AlertaError as refusal:
            log.info("refused", extra={**_fields(event), "code": refusal.code})
            return wire.error(refusal, request=request, lang=self._lang(event))
        except Exception:
            log.exception("failed", extra=_fields(event))
            return wire.error(Internal(), request=request, lang=self._lang(event))

    def _lang(self, event: Event) -> Lang:
        return self.lang_of(event["requestContext"]["connectionId"])


@dataclass(frozen=True)
class Notify:
    """``notify``: take in an incident."""

    submit: Submit
    access: Access
    limit: SubmitLimit | NoLimit

    def __call__(self, message: Message) -> str | None:
        """The ack, where the message has a ``requestId``."""
        person = self.access.person(message.connection_id)
        self.limit.take(person, message.connection_id)
        key = wire.short_text(message.body, "idempotencyKey", wire.KEY_MAX)
        report = Report.parse(message.body.get("incident"))
        committed = self.submit.notify(report, idempotency_key=key, by=person)
        return _stored("notify", message, committed)


@dataclass(frozen=True)
class UpdateIncident:
    """``update``: move an incident on."""

    submit: Submit
    access: Access
    limit: SubmitLimit | NoLimit

    def __call__(self, message: Message) -> str | None:
        """The ack, where the message has a ``requestId``."""
        person = self.access.person(message.connection_id)
        self.limit.take(person, message.connection_id)
        incident_id = wire.needed_text(message.body, "incidentId", wire.ID_MAX)
        revision = wire.whole_number(message.body, "revision")
        update = Update.parse(message.body)
        committed = self.submit.update(incident_id, update, revision=revision, by=person)
        return _stored("update", message, committed)


@dataclass(frozen=True)
class Subscribe:
    """``subscribe``: hear only of what a filter concerns."""

    subscriptions: Subscriptions

    def __call__(self, message: Message) -> str | None:
        """The ack, where the message has a ``requestId``."""
        wanted = Filter.parse(message.body.get("filter", {}))
        self.subscriptions.change(message.connection_id, wanted)
        return None if message.request_id is None else wire.done("subscribe", message.request_id)


@dataclass(frozen=True)
class Ping:
    """``ping``: a heartbeat that tells where the feed is and when the connection ends."""

    catch_up: CatchUp
    access: Access
    life_s: float = CONNECTION_TTL_S

    def __call__(self, message: Message) -> str:
        """The pong."""
        end = expires_at(message.connected_at, self.life_s)
        if self.access.sign_in:
            end = self.access.connection(message.connection_id).expires_at
        return wire.pong(
            position=self.catch_up.position(),
            expires_at=end,
            connection_id=message.connection_id,
            request=message.request_id,
        )


@dataclass(frozen=True)
class Sync:
    """``sync``: what a client has missed, page by page."""

    catch_up: CatchUp
    access: Access

    def __call__(self, message: Message) -> str:
        """The next page: of a snapshot, or of the changes since the client's position."""
        view = self.access.view(message.connection_id)
        cursor = wire.short_text(message.body, "cursor", wire.CURSOR_MAX)
        since = message.body.get("since")
        if cursor is not None or since is None:
            page = self.catch_up.snapshot(cursor, view)
        else:
            page = self.catch_up.since(Position.parse(since), view)
        return wire.sync(
            page.incidents,
            position=page.position,
            more=page.more,
            reset=page.reset,
            cursor=page.cursor,
            request=message.request_id,
        )


@dataclass(frozen=True)
class Default:
    """``$default``: whatever names no route."""

    actions: tuple[str, ...] = field(default=ACTIONS)

    def __call__(self, message: Message) -> str:
        """Never returns.

        Raises:
            UnknownAction: always, with the actions that there are.
        """
        raise UnknownAction(self.actions)


def _stored(action: str, message: Message, committed: Committed) -> str | None:
    if message.request_id is None:
        return None
    stored = committed.change.after
    return wire.ack(
        action,
        message.request_id,
        incident_id=stored.incident_id,
        seq=stored.seq,
        revision=stored.revision,
        duplicate=committed.duplicate,
    )


def _connected_at(context: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(context["connectedAt"] / 1000, UTC)


def _fields(event: Event) -> dict[str, Any]:
    context = event.get("requestContext", {})
    names = ("routeKey", "connectionId", "requestId")
    return {f"gateway_{name}": context.get(name) for name in names}
