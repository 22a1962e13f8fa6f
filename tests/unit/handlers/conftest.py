"""The handlers joined to the fakes, as ``deployments`` joins them to adapters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.access import Access, NoAuthentication
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.app.sessions import Sessions, Subscriptions
from alerta_utec.app.stats import Stats
from alerta_utec.app.submit import Submit
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.connections import Connect, Disconnect
from alerta_utec.handlers.http import HttpApi
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.websocket import (
    Default,
    MessageRoute,
    Notify,
    Ping,
    Subscribe,
    Sync,
    UpdateIncident,
)
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.webhooks.manage import ManageWebhooks
from tests import events
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.poster import FakePoster
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

CONNECTION = "BFHPhfCWIAMCKlQ="


def _web_socket_url(_request: Request) -> str:
    return "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev"


@dataclass
class World:
    """The handlers, and the fakes that they act on."""

    clock: ManualClock = field(default_factory=ManualClock)
    stored: TemporaryStore = field(default_factory=TemporaryStore)
    store: IncidentStore | None = None
    poster: FakePoster = field(default_factory=lambda: FakePoster({CONNECTION: []}))
    authenticator: Authenticator = field(default_factory=NoAuthentication)

    origins: Origins = field(default_factory=lambda: Origins(("*",)))
    limit: SubmitLimit | NoLimit = field(default_factory=NoLimit)

    def __post_init__(self) -> None:
        self.store = self.store or self.stored.incidents
        self.deliveries = FakeDeliveries()
        self.connections = FakeConnections(self.clock)
        sessions = Sessions(self.connections, self.authenticator)
        access = Access(self.connections, self.authenticator.required)
        submit, catch_up = Submit(self.store, self.clock), CatchUp(self.store)
        stats = Stats(self.store, self.clock, ZoneInfo("America/Lima"))
        self.webhooks, self.receiver = self.stored.webhooks, FakeWebhookSender()
        manage = ManageWebhooks(
            self.webhooks,
            self.stored.webhook_jobs,
            self.receiver,
            self.store,
            self.clock,
            "urn:alerta-utec:prueba",
        )
        self.connect = Connect(sessions, self.origins)
        self.disconnect = Disconnect(sessions)
        self.notify = MessageRoute(Notify(submit, access, self.limit), access.lang, self.poster)
        self.update = MessageRoute(
            UpdateIncident(submit, access, self.limit), access.lang, self.poster
        )
        self.subscribe = MessageRoute(Subscribe(Subscriptions(access)), access.lang, self.poster)
        self.ping = MessageRoute(Ping(catch_up, access), access.lang)
        self.sync = MessageRoute(Sync(catch_up, access), access.lang)
        self.default = MessageRoute(Default(), access.lang)
        self.http = HttpApi(
            self.store,
            self.deliveries,
            submit,
            stats,
            self.authenticator,
            self.limit,
            _web_socket_url,
            CapAlerts(
                "alerta@utec.example",
                ZoneInfo("America/Lima"),
                "es",
                restricted=self.authenticator.required,
            ),
            lambda: manage,
        )

    @property
    def connected(self) -> list[str]:
        """Who is connected."""
        return [c.connection_id for page in self.connections.pages() for c in page]

    @property
    def posted(self) -> list[dict[str, Any]]:
        """What the client of the events was sent."""
        return [json.loads(frame) for frame in self.poster.open[CONNECTION]]

    def submit(self, incident: object, **more: Any) -> dict[str, Any]:
        """Send one ``notify`` with a ``requestId``; the answer to it."""
        message = {"action": "notify", "incident": incident, "requestId": "r", **more}
        self.notify(events.message("notify", json.dumps(message)))
        return self.posted[-1]

    def get(self, name: str, **parts: Any) -> tuple[int, Mapping[str, Any], dict[str, Any]]:
        """Status, headers and decoded body of the answer to an HTTP event."""
        response = self.http(events.load(name) | parts)
        headers = response.get("headers") or {}
        many = {k: v[0] for k, v in (response.get("multiValueHeaders") or {}).items()}
        return response["statusCode"], headers | many, json.loads(response.get("body") or "{}")


@pytest.fixture
def world() -> World:
    """Handlers over empty fakes."""
    return World()
