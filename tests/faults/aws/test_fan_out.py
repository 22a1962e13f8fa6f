"""Broadcasts to more than 250 clients through the queue of shards, with failures there.

Most clients are rows of the table whose posts the endpoint answers itself.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest

from alerta_utec.adapters.aws.connections_api.rounds import FUTILE_ROUNDS_MAX
from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.app.sessions import expires_at
from alerta_utec.app.shards import SHARD_SIZE
from alerta_utec.ports.connections import Connection
from tests.conformance.targets import http_request
from tests.faults.aws.conftest import kill, queue_settings, tried_once
from tests.faults.aws.endpoint import HANG, Answer, FaultyEndpoint, Request
from tests.faults.aws.test_redrive import redrive, waiting
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.wsclient import WsClient

ROWS = 600
NAMES = [f"row{number:012}=" for number in range(ROWS)]
# Posts to a client that cannot be reached, before its shard gives it up.
ATTEMPTS = 1 + FUTILE_ROUNDS_MAX
COUNTS = ("delivered", "gone", "throttled", "failed")
OK = 200


def row(name: str) -> bool:
    """Return whether this is one of the table's clients without a socket."""
    return name.startswith("row")


def reached(request: Request) -> Answer:
    """Answer posts to every row of the table; forward the others."""
    return OK if row(request.name) else None


@pytest.fixture
def connections(deployment: Deployment, faults: FaultyEndpoint) -> Iterator[DynamoConnections]:
    """Add 600 clients to the deployed table."""
    # A heartbeat of the schedule would find them gone, and delete them.
    faults.obey(reached)
    table = deployment.outputs["ConnectionsTable"]
    kept = DynamoConnections(deployment.client("dynamodb"), table, SystemClock())
    opened = datetime.now(UTC) - 2 * HANDSHAKE_MAX
    for name in NAMES:
        kept.save(Connection(name, opened, expires_at(opened)))
    yield kept
    for name in NAMES:
        kept.delete(name)


@pytest.fixture
def client(deployment: Deployment, connections: DynamoConnections) -> Iterator[WsClient]:
    """Yield the client with a socket, which submits."""
    with WsClient(deployment.ws_url) as opened:
        opened.ping()
        yield opened


def posts(faults: FaultyEndpoint, incident_id: str) -> Counter[str]:
    """Return how often the incident's update was posted to each row."""
    found = faults.seen(lambda one: row(one.name) and one.method == "POST")
    return Counter(one.name for one in found if f'"{incident_id}"' in one.body)


def whole(deployment: Deployment, incident_id: str) -> dict[str, Any]:
    """Wait until no recipient is pending, and return the record of the broadcast."""

    def look() -> dict[str, Any] | None:
        shown = http_request("GET", f"{deployment.http_url}/incidents/{incident_id}").json()
        found = [one for one in shown["deliveries"] if one["channel"] == "broadcast"]
        return found[0] if found and "pending" not in found[0] else None

    return dict(eventually(look, f"a whole record of {incident_id}", within_s=60))


def test_every_client_gets_the_frame_once_and_the_record_adds_up(
    deployment: Deployment,
    faults: FaultyEndpoint,
    connections: DynamoConnections,
    client: WsClient,
) -> None:
    gone, slow, broken = NAMES[:3]
    refusals = {slow: 429, broken: 500}
    refused: Counter[str] = Counter()

    def rule(request: Request) -> Answer:
        if not row(request.name):
            return None
        if request.name == gone:
            return 410
        if request.name not in refusals or refused[request.name] >= ATTEMPTS:
            return OK
        refused[request.name] += 1
        return refusals[request.name]

    faults.obey(rule)

    incident_id = str(client.notify(incident())["incidentId"])
    client.wait_update(incident_id)
    outcome = whole(deployment, incident_id)

    told = posts(faults, incident_id)
    assert sorted(told) == NAMES
    assert {told[name] for name in NAMES[3:]} == {1}
    # They were given up in their shards, and reached when they were tried again.
    assert refused == {slow: ATTEMPTS, broken: ATTEMPTS}
    assert (told[slow], told[broken]) == (ATTEMPTS + 1, ATTEMPTS + 1)
    assert len(client.updates(incident_id)) == 1
    # On a busy machine an answer may arrive too late, and clients that just left may be gone.
    assert outcome["gone"] >= 1
    assert outcome["attempted"] >= ROWS + 1
    assert sum(outcome[name] for name in COUNTS) == outcome["attempted"]
    assert outcome["throttled"] == 0
    assert outcome["ms"] > 0
    assert connections.get(gone) is None
    assert connections.get(slow) is not None
    assert connections.get(broken) is not None


def test_a_worker_killed_half_way_loses_no_frame_and_counts_once(
    deployment: Deployment, faults: FaultyEndpoint, client: WsClient
) -> None:
    stuck = NAMES[0]

    def rule(request: Request) -> Answer:
        if request.name == stuck:
            return HANG
        return OK if row(request.name) else None

    faults.obey(rule)
    # A shard whose worker takes longer than this is sent by another worker too.
    with queue_settings(deployment, "FanOutQueue", VisibilityTimeout="3"):
        incident_id = str(client.notify(incident())["incidentId"])
        faults.wait_for(1, lambda one: one.name == stuck and incident_id in one.body)
        eventually(lambda: len(posts(faults, incident_id)) == ROWS, "a post to everyone")
        killed = kill(deployment, "fanout")
        faults.obey(lambda request: OK if row(request.name) else None)
        outcome = whole(deployment, incident_id)

    told = posts(faults, incident_id)
    bodies = {one.body for one in faults.seen(lambda one: incident_id in one.body)}
    assert killed >= 1
    assert min(told.values()) == 1
    # On a busy machine the first post may fail, and be counted, before the worker is killed.
    assert told[stuck] >= 2 or outcome["failed"] == 1
    assert len([body for body in bodies if '"incident_update"' in body]) == 1
    assert sum(outcome[name] for name in COUNTS) == outcome["attempted"] >= ROWS + 1


def test_failed_shards_go_to_the_dead_letters_and_redrive_sends_them(
    deployment: Deployment,
    faults: FaultyEndpoint,
    connections: DynamoConnections,
    client: WsClient,
) -> None:
    shards = ceil(connections.estimate() / SHARD_SIZE)
    once = tried_once(deployment, "UndeliveredQueue")
    faults.obey(lambda request: 403 if "incident_update" in request.body else None)

    with queue_settings(deployment, "FanOutQueue", VisibilityTimeout="1", RedrivePolicy=once):
        incident_id = str(client.notify(incident())["incidentId"])
        eventually(
            lambda: waiting(deployment) == shards, "all shards that were set aside", within_s=60
        )
    before = whole(deployment, incident_id)
    shown = redrive(deployment, "--dry-run")
    sent = redrive(deployment)
    client.wait_update(incident_id)
    after = whole(deployment, incident_id)
    again = redrive(deployment)

    assert before["failed"] == before["attempted"] >= ROWS + 1
    assert shown.stdout.count(f" de {shards} de las conexiones") == shards
    assert (sent.returncode, f"{shards} retirados, 0 siguen" in sent.stdout) == (0, True), (
        sent.stdout
    )
    assert "0 retirados, 0 siguen" in again.stdout
    assert len(client.updates(incident_id)) == 1
    # The command calls the API itself, which does not know the table's clients.
    assert (after["failed"], after["gone"] >= ROWS) == (0, True)
    assert after["delivered"] + after["gone"] == after["attempted"]
