"""The WebSocket API's messages: proxy event in, proxy response out."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerta_utec import wire
from alerta_utec.app.access import Access
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.app.sessions import Subscriptions, expires_at
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError, Internal, Unavailable, UnknownAction
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.incident import Report
from alerta_utec.domain.messages import Lang
from alerta_utec.domain.update import Update
from alerta_utec.handlers.lambda_io import OK, Event, Response, connected_at, log_fields
from alerta_utec.handlers.routes import ACTIONS
from alerta_utec.ports.broadcast import Poster
from alerta_utec.ports.connections import CONNECTION_TTL_S
from alerta_utec.ports.incidents import Committed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client, decoded."""

    body: Mapping[str, Any]
    connection_id: str
    connected_at: datetime
    request_id: str | None


Action = Callable[[Message], str | None]


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
            log.exception("answer_not_sent", extra=log_fields(event))
        return dict(OK)

    def _answer(self, event: Event) -> str | None:
        request = None
        try:
            body = wire.decode(event.get("body"))
            request = wire.optional_text(body, "requestId", wire.REQUEST_ID_MAX)
            context = event["requestContext"]
            message = Message(body, context["connectionId"], connected_at(context), request)
            return self.action(message)
        except AlertaError as refusal:
            log.info("refused", extra={**log_fields(event), "code": refusal.code})
            return wire.error(refusal, request=request, lang=self._lang(event))
        except Exception:
            log.exception("failed", extra=log_fields(event))
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
        identity = self.access.identity(message.connection_id)
        self.limit.take(identity, message.connection_id)
        key = wire.optional_text(message.body, "idempotencyKey", wire.KEY_MAX)
        report = Report.parse(message.body.get("incident"))
        committed = self.submit.notify(report, idempotency_key=key, by=identity)
        return _stored("notify", message, committed)


@dataclass(frozen=True)
class UpdateIncident:
    """``update``: move an incident on."""

    submit: Submit
    access: Access
    limit: SubmitLimit | NoLimit

    def __call__(self, message: Message) -> str | None:
        """The ack, where the message has a ``requestId``."""
        identity = self.access.identity(message.connection_id)
        self.limit.take(identity, message.connection_id)
        incident_id = wire.required_text(message.body, "incidentId", wire.ID_MAX)
        revision = wire.optional_number(message.body, "revision")
        update = Update.parse(message.body)
        committed = self.submit.update(incident_id, update, revision=revision, by=identity)
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
        cursor = wire.optional_text(message.body, "cursor", wire.CURSOR_MAX)
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
