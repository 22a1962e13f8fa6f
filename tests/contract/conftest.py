"""Every implementation of a port, as one fixture per port.

A fixture here is named after its port; its parameters name the implementations. Each is a
fixture of its own (``sqlite_incidents``, ``dynamodb_incidents``, …), fresh for every test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.rates import DynamoRateLimits
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.aws.emf import EmbeddedMetrics
from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.deliveries import SqliteDeliveries
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.gateway.connections import GatewayConnections
from alerta_utec.gateway.hub import Hub
from alerta_utec.notifications.local.apprise import AppriseMailer
from alerta_utec.notifications.local.maildir import MaildirMailer
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.local.smtp import SmtpConnection, SmtpMailer, SmtpServer
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.mailer import Email, Mailer
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.ports.broadcast import Poster
from alerta_utec.ports.connections import Connections
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.ports.rate_limits import RateLimits
from alerta_utec.sign_in.local.keys import SqliteKeys
from alerta_utec.sign_in.ports import KeyStore
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.registry import DynamoWebhooks
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs, SqliteWebhooks
from alerta_utec.webhooks.ports import WebhookJobs, WebhookRegistry
from tests.contract.aws import (  # noqa: F401 (fixtures)
    connections_table,
    dynamodb,
    dynamodb_connections,
    dynamodb_deliveries,
    dynamodb_incidents,
    dynamodb_keys,
    dynamodb_webhook_jobs,
    dynamodb_webhook_registry,
    emulator,
    incident_tables,
    lagging_dynamodb,
    lagging_incidents,
)
from tests.contract.aws_messaging import management_sockets, sns_mailing  # noqa: F401 (fixtures)
from tests.contract.builders import T0
from tests.contract.hub_clients import hub_with_clients
from tests.contract.mail_peers import (
    HttpPeer,
    SmtpPeer,
    as_email,
    read_maildir,
    without_attributes,
)
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.mailer import FakeMailer
from tests.fakes.poster import FakePoster

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def clock() -> ManualClock:
    """Return the test's own time."""
    return ManualClock(T0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "alerta.db")
    yield opened
    opened.close()


@pytest.fixture
def sqlite_incidents(database: Database) -> SqliteIncidents:
    return SqliteIncidents(database, steps=[SqliteNotifications(database)])


@pytest.fixture(params=["sqlite", "dynamodb"])
def incidents(request: pytest.FixtureRequest) -> IncidentStore:
    """Return an empty ``IncidentStore``."""
    store: IncidentStore = request.getfixturevalue(f"{request.param}_incidents")
    return store


@pytest.fixture(params=["sqlite", "dynamodb", "lagging"])
def lagging_stores(request: pytest.FixtureRequest) -> IncidentStore:
    """Return an empty ``IncidentStore``, also one whose indexes are a second behind."""
    store: IncidentStore = request.getfixturevalue(f"{request.param}_incidents")
    return store


@pytest.fixture
def fake_connections(clock: ManualClock) -> FakeConnections:
    return FakeConnections(clock)


@pytest.fixture
def hub_connections(clock: ManualClock) -> GatewayConnections:
    return Hub(clock).connections


@pytest.fixture(params=["fake", "hub", "dynamodb"])
def connections(request: pytest.FixtureRequest) -> Connections:
    """Return empty ``Connections`` that use the test's ``clock``."""
    kept: Connections = request.getfixturevalue(f"{request.param}_connections")
    return kept


@pytest.fixture
def fake_deliveries() -> FakeDeliveries:
    return FakeDeliveries()


@pytest.fixture
def sqlite_deliveries(database: Database) -> SqliteDeliveries:
    return SqliteDeliveries(database)


@pytest.fixture
def metered_deliveries(dynamodb_deliveries: DynamoDeliveries) -> MeteredDeliveries:  # noqa: F811
    metrics = EmbeddedMetrics("AlertaUTEC/test", ManualClock(T0))
    return MeteredDeliveries(dynamodb_deliveries, metrics)


@pytest.fixture(params=["fake", "sqlite", "dynamodb", "metered"])
def deliveries(request: pytest.FixtureRequest) -> Deliveries:
    """Return empty ``Deliveries``."""
    kept: Deliveries = request.getfixturevalue(f"{request.param}_deliveries")
    return kept


@pytest.fixture(params=["fake", "dynamodb", "metered"])
def shard_records(
    request: pytest.FixtureRequest,
) -> FakeDeliveries | DynamoDeliveries | MeteredDeliveries:
    """Return empty ``ShardRecords``, which are ``Deliveries`` too."""
    kept: FakeDeliveries | DynamoDeliveries | MeteredDeliveries = request.getfixturevalue(
        f"{request.param}_deliveries"
    )
    return kept


@pytest.fixture
def sqlite_keys(database: Database) -> SqliteKeys:
    return SqliteKeys(database)


@pytest.fixture(params=["sqlite", "dynamodb"])
def keys(request: pytest.FixtureRequest) -> KeyStore:
    """Return an empty ``KeyStore``."""
    store: KeyStore = request.getfixturevalue(f"{request.param}_keys")
    return store


@pytest.fixture
def in_process_rate_limits() -> InProcessRateLimits:
    return InProcessRateLimits()


@pytest.fixture
def dynamodb_rate_limits(
    dynamodb: "DynamoDBClient",  # noqa: F811
    incident_tables: IncidentTables,  # noqa: F811
) -> DynamoRateLimits:
    return DynamoRateLimits(dynamodb, incident_tables.keys)


@pytest.fixture(params=["in_process", "dynamodb"])
def rate_limits(request: pytest.FixtureRequest) -> RateLimits:
    """Return ``RateLimits`` with full buckets."""
    limits: RateLimits = request.getfixturevalue(f"{request.param}_rate_limits")
    return limits


@dataclass(frozen=True)
class NotificationStores:
    """A ``NotificationStore`` and the store whose commits enqueue its notifications."""

    incidents: IncidentStore
    notifications: NotificationStore


@pytest.fixture
def sqlite_notifications(
    database: Database, sqlite_incidents: SqliteIncidents
) -> NotificationStores:
    return NotificationStores(sqlite_incidents, SqliteNotifications(database))


@pytest.fixture(params=["sqlite"])
def stores(request: pytest.FixtureRequest) -> NotificationStores:
    """Return an empty ``NotificationStore`` and its incident store."""
    pair: NotificationStores = request.getfixturevalue(f"{request.param}_notifications")
    return pair


@dataclass(frozen=True)
class WebhookStores:
    """``Webhooks`` with their ``WebhookJobs``, and the store of the changes."""

    registry: WebhookRegistry
    jobs: WebhookJobs
    incidents: IncidentStore


@pytest.fixture
def sqlite_webhooks(database: Database, sqlite_incidents: SqliteIncidents) -> WebhookStores:
    return WebhookStores(SqliteWebhooks(database), SqliteWebhookJobs(database), sqlite_incidents)


@pytest.fixture
def dynamodb_webhooks(
    dynamodb_webhook_registry: DynamoWebhooks,  # noqa: F811
    dynamodb_webhook_jobs: DynamoWebhookJobs,  # noqa: F811
    dynamodb_incidents: DynamoIncidents,  # noqa: F811
) -> WebhookStores:
    return WebhookStores(dynamodb_webhook_registry, dynamodb_webhook_jobs, dynamodb_incidents)


@pytest.fixture(params=["sqlite", "dynamodb"])
def webhooks(request: pytest.FixtureRequest) -> WebhookStores:
    """Return empty ``Webhooks`` and ``WebhookJobs``."""
    own: WebhookStores = request.getfixturevalue(f"{request.param}_webhooks")
    return own


@pytest.fixture(params=["sqlite"])
def webhook_scan(request: pytest.FixtureRequest) -> WebhookStores:
    """Return the same as ``webhooks``, where the jobs are ``ScannedJobs``."""
    own: WebhookStores = request.getfixturevalue(f"{request.param}_webhooks")
    return own


@dataclass(frozen=True)
class Sockets:
    """A ``Poster`` with sockets to post to.

    ``connect`` opens one and returns its id; ``disconnect`` closes it; ``received`` returns every
    frame that has reached it, once there are ``count`` (or no more will arrive).
    """

    poster: Poster
    connect: Callable[[], str]
    disconnect: Callable[[str], None]
    received: Callable[[str, int], list[str]]


@pytest.fixture
def fake_sockets() -> Sockets:
    poster = FakePoster()
    frames: dict[str, list[str]] = {}

    def connect() -> str:
        connection_id = f"conexion-{len(frames)}"
        frames[connection_id] = poster.open[connection_id] = []
        return connection_id

    return Sockets(
        poster,
        connect,
        disconnect=lambda connection_id: poster.open.__delitem__(connection_id),
        received=lambda connection_id, _count: list(frames[connection_id]),
    )


@pytest.fixture
def hub_sockets() -> Iterator[Sockets]:
    with hub_with_clients() as (hub, clients):
        yield Sockets(hub.poster, clients.connect, clients.disconnect, clients.received)


@pytest.fixture(params=["fake", "management"])
def frames_sockets(request: pytest.FixtureRequest) -> Sockets:
    """Return a ``FramesPoster`` and sockets of a test's own."""
    own: Sockets = request.getfixturevalue(f"{request.param}_sockets")
    return own


@pytest.fixture(params=["fake", "hub", "management"])
def sockets(request: pytest.FixtureRequest) -> Sockets:
    """Return a ``Poster`` and sockets of a test's own."""
    own: Sockets = request.getfixturevalue(f"{request.param}_sockets")
    return own


@dataclass(frozen=True)
class Mailing:
    """A ``Mailer``, the e-mails that arrived through it, and one that cannot reach its next hop.

    Arrived e-mails have no ``attributes``; ``message_id`` is empty if the mailer keeps none.
    """

    mailer: Mailer
    arrived: Callable[[], list[Email]]
    unreachable: Mailer


@pytest.fixture
def fake_mailing() -> Mailing:
    mailer = FakeMailer()
    return Mailing(
        mailer, lambda: [without_attributes(e) for e in mailer.sent], FakeMailer(down=True)
    )


@pytest.fixture
def smtp_mailing() -> Iterator[Mailing]:
    envelope = Envelope("alerta@utec.example", "guardia@utec.example")
    with SmtpPeer() as peer, SmtpPeer() as stopped:
        connection = SmtpConnection(SmtpServer("127.0.0.1", peer.port))
        nowhere = SmtpConnection(SmtpServer("127.0.0.1", stopped.port))
        stopped.stop()
        yield Mailing(
            SmtpMailer(connection, envelope),
            lambda: [as_email(m) for m in peer.messages],
            SmtpMailer(nowhere, envelope),
        )
        connection.close_idle()


@pytest.fixture
def maildir_mailing(tmp_path: Path) -> Mailing:
    envelope = Envelope("alerta@utec.example")
    folder, file = tmp_path / "mail", tmp_path / "file"
    file.touch()
    return Mailing(
        MaildirMailer(folder, envelope),
        lambda: [as_email(message) for message in read_maildir(folder)],
        MaildirMailer(file, envelope),
    )


@pytest.fixture
def apprise_mailing() -> Iterator[Mailing]:
    with HttpPeer() as peer, HttpPeer(status=500) as broken:
        yield Mailing(
            AppriseMailer(f"json://127.0.0.1:{peer.port}/"),
            lambda: [Email("", note["title"], note["message"] + "\n") for note in peer.bodies],
            AppriseMailer(f"json://127.0.0.1:{broken.port}/"),
        )


# Apprise loads every plugin at once, and one of them a module that Python 3.11 deprecates.
APPRISE = pytest.param(
    "apprise",
    marks=pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
)


@pytest.fixture(params=["fake", "smtp", "maildir", APPRISE, "sns"])
def mailing(request: pytest.FixtureRequest) -> Mailing:
    """Return a ``Mailer`` and what has arrived."""
    own: Mailing = request.getfixturevalue(f"{request.param}_mailing")
    return own
