"""The handlers over fakes, as the deployments have them over adapters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.access import NoAuthentication
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.deployments.handlers import Handlers, Services
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.addresses import FixedAddress
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.sign_in.manage_keys import ManageKeys
from alerta_utec.webhooks.local.leases import ProcessLeases
from alerta_utec.webhooks.manage import ManageWebhooks
from tests import events
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections, FakeCredentialConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.metrics import FakeMetrics
from tests.fakes.poster import FakePoster
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

CONNECTION = "BFHPhfCWIAMCKlQ="
LIMA = ZoneInfo("America/Lima")
ADDRESS = FixedAddress("wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev")


@dataclass
class ServiceOverFakes:
    """The handlers over fakes, as one deployment wires them."""

    clock: ManualClock = field(default_factory=ManualClock)
    stored: TemporaryStore = field(default_factory=TemporaryStore)
    store: IncidentStore | None = None
    poster: FakePoster = field(default_factory=lambda: FakePoster({CONNECTION: []}))
    authenticator: Authenticator = field(default_factory=NoAuthentication)

    origins: Origins = field(default_factory=lambda: Origins(("*",)))
    limit: SubmitLimit = field(default_factory=NoLimit)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)

    def __post_init__(self) -> None:
        self.store = self.store or self.stored.incidents
        self.deliveries = FakeDeliveries()
        self.connections = FakeConnections(self.clock)
        self.webhooks, self.receiver = self.stored.webhooks, FakeWebhookSender()
        self.webhook_tests = ProcessLeases()
        self.credentials = FakeCredentialConnections()
        self.handlers = Handlers(self._services(self.store))
        self.connect = self.handlers.websocket["connect"]
        self.disconnect = self.handlers.websocket["disconnect"]
        self.notify = self.handlers.websocket["notify"]
        self.update = self.handlers.websocket["update"]
        self.subscribe = self.handlers.websocket["subscribe"]
        self.ping = self.handlers.websocket["ping"]
        self.sync = self.handlers.websocket["sync"]
        self.default = self.handlers.websocket["default"]
        self.http = self.handlers.http.handle

    def _services(self, store: IncidentStore) -> Services:
        sign_in = self.authenticator.required
        return Services(
            store=store,
            deliveries=self.deliveries,
            connections=self.connections,
            poster=self.poster,
            clock=self.clock,
            timezone=LIMA,
            authenticator=self.authenticator,
            sign_in=sign_in,
            origins=self.origins,
            limit=self.limit,
            metrics=self.metrics,
            address=ADDRESS,
            cap=CapAlerts("alerta@utec.example", LIMA, "es", restricted=sign_in),
            manage_webhooks=ManageWebhooks(
                self.webhooks,
                self.stored.webhook_jobs,
                self.receiver,
                store,
                self.clock,
                "urn:alerta-utec:prueba",
                self.webhook_tests,
            ),
            manage_keys=ManageKeys(self.stored.keys, self.credentials, self.clock),
        )

    @property
    def connected(self) -> list[str]:
        """The ids of all connections."""
        return [c.connection_id for page in self.connections.pages() for c in page]

    @property
    def posted(self) -> list[dict[str, Any]]:
        """The frames sent to the client of the events."""
        return [json.loads(frame) for frame in self.poster.open[CONNECTION]]

    def submit(self, incident: object, **more: Any) -> dict[str, Any]:
        """Send one ``notify`` with a ``requestId``; return its response."""
        message = {"action": "notify", "incident": incident, "requestId": "r", **more}
        self.notify(events.message("notify", json.dumps(message)))
        return self.posted[-1]

    def get(self, name: str, **parts: Any) -> tuple[int, Mapping[str, Any], dict[str, Any]]:
        """Return status, headers and decoded body of the response to an HTTP event."""
        response = self.http(events.load(name) | parts)
        headers = response.get("headers") or {}
        many = {k: v[0] for k, v in (response.get("multiValueHeaders") or {}).items()}
        return response["statusCode"], headers | many, json.loads(response.get("body") or "{}")


@pytest.fixture
def service() -> ServiceOverFakes:
    """Return the handlers over empty fakes."""
    return ServiceOverFakes()
