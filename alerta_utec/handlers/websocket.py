"""The actions that clients ask for over the WebSocket, and their registry by route."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from alerta_utec import wire
from alerta_utec.app.access import Access
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.limits import SubmitLimit
from alerta_utec.app.submit import Submit
from alerta_utec.app.subscriptions import Subscriptions
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import UnknownAction
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.incident import Report
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.handlers.messages import ClientMessage, MessageAction, MessageServices
from alerta_utec.handlers.routes import ACTIONS
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import Committed, IncidentStore


@dataclass(frozen=True, kw_only=True)
class SubmitServices(MessageServices):
    """The services behind messages that change incidents."""

    store: IncidentStore
    clock: Clock
    limit: SubmitLimit


@dataclass(frozen=True, kw_only=True)
class FeedServices(MessageServices):
    """The services behind messages that read the feed.

    ``heartbeat_s``: the interval of ``position`` messages; ``None``: the service sends none.
    """

    store: IncidentStore
    heartbeat_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class WebSocketServices(SubmitServices, FeedServices):
    """The services behind all messages."""


@dataclass(frozen=True)
class Notify:
    """``notify``: report an incident."""

    submit: Submit
    access: Access
    limit: SubmitLimit

    @classmethod
    def over(cls, services: SubmitServices) -> Self:
        """Return the action over these services."""
        return cls(Submit(services.store, services.clock), services.access(), services.limit)

    def respond(self, message: ClientMessage) -> str | None:
        """Store the incident; return the ack if the message has a ``requestId``."""
        identity = self.access.identity(message.connection_id)
        self.limit.take(identity, message.connection_id, message.source_ip)
        key = wire.optional_text(message.body, "idempotencyKey", wire.KEY_MAX)
        report = Report.parse(message.body.get("incident"))
        self.limit.take_shared(identity, report.urgency)
        committed = self.submit.notify(
            report, idempotency_key=key, by=identity, request_id=message.gateway_request_id
        )
        self.access.put_back(message.connection_id, message.connected_at)
        return _ack("notify", message, committed)


@dataclass(frozen=True)
class UpdateIncident:
    """``update``: change an incident's status or urgency, or add a note."""

    submit: Submit
    access: Access
    limit: SubmitLimit

    @classmethod
    def over(cls, services: SubmitServices) -> Self:
        """Return the action over these services."""
        return cls(Submit(services.store, services.clock), services.access(), services.limit)

    def respond(self, message: ClientMessage) -> str | None:
        """Store the update; return the ack if the message has a ``requestId``."""
        identity = self.access.identity(message.connection_id)
        self.limit.take(identity, message.connection_id, message.source_ip)
        incident_id = wire.required_text(message.body, "incidentId", wire.ID_MAX)
        revision = wire.optional_number(message.body, "revision")
        update = UpdateRequest.parse(message.body)
        committed = self.submit.update(
            incident_id,
            update,
            revision=revision,
            by=identity,
            request_id=message.gateway_request_id,
        )
        self.access.put_back(message.connection_id, message.connected_at)
        return _ack("update", message, committed)


@dataclass(frozen=True)
class Subscribe:
    """``subscribe``: receive only the changes that match a filter."""

    subscriptions: Subscriptions

    @classmethod
    def over(cls, services: MessageServices) -> Self:
        """Return the action over these services."""
        return cls(Subscriptions(services.access()))

    def respond(self, message: ClientMessage) -> str | None:
        """Store the filter; return the ack if the message has a ``requestId``."""
        wanted = Filter.parse(message.body.get("filter", {}))
        self.subscriptions.change(message.connection_id, message.connected_at, wanted)
        return None if message.request_id is None else wire.done("subscribe", message.request_id)


@dataclass(frozen=True)
class Ping:
    """``ping``: ask for the feed's position and the connection's end."""

    catch_up: CatchUp
    access: Access
    heartbeat_s: float | None = None

    @classmethod
    def over(cls, services: FeedServices) -> Self:
        """Return the action over these services."""
        return cls(CatchUp(services.store), services.access(), services.heartbeat_s)

    def respond(self, message: ClientMessage) -> str:
        """Return the pong."""
        connection = self.access.connection(message.connection_id, message.connected_at)
        return wire.pong(
            position=self.catch_up.position(),
            expires_at=connection.expires_at,
            connection_id=message.connection_id,
            heartbeat_s=self.heartbeat_s,
            restored=connection.restored,
            request=message.request_id,
        )


@dataclass(frozen=True)
class Sync:
    """``sync``: fetch what the client has missed, page by page."""

    catch_up: CatchUp
    access: Access

    @classmethod
    def over(cls, services: FeedServices) -> Self:
        """Return the action over these services."""
        return cls(CatchUp(services.store), services.access())

    def respond(self, message: ClientMessage) -> str:
        """Return the next page: of a snapshot, or of the changes since the client's position."""
        view = self.access.view(message.connection_id, message.connected_at)
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
    """``$default``: messages whose action is missing or unknown."""

    actions: tuple[str, ...] = ACTIONS

    @classmethod
    def over(cls, _services: object) -> Self:
        """Return the action; it needs no services."""
        return cls()

    def respond(self, message: ClientMessage) -> str:
        """Refuse the message.

        Raises:
            UnknownAction: always, with the actions that exist.
        """
        raise UnknownAction(self.actions)


# By ``handler`` in the table of routes.
MESSAGE_ACTIONS: Mapping[str, Callable[[WebSocketServices], MessageAction]] = {
    "notify": Notify.over,
    "update": UpdateIncident.over,
    "subscribe": Subscribe.over,
    "ping": Ping.over,
    "sync": Sync.over,
    "default": Default.over,
}


def _ack(action: str, message: ClientMessage, committed: Committed) -> str | None:
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
