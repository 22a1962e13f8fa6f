"""Broadcast and e-mail while the APIs behind them fail, or when their Lambda is killed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.aws.conftest import Mailbox
from tests.faults.aws.conftest import delivery, environment, kill
from tests.faults.aws.endpoint import DROP, HANG, Answer, FaultyEndpoint, Request
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

CLIENTS = 4


@pytest.fixture
def clients(deployment: Deployment) -> Iterator[dict[str, WsClient]]:
    """Yield open sockets by connection id."""
    with ExitStack() as stack:
        opened = [stack.enter_context(WsClient(deployment.ws_url)) for _ in range(CLIENTS)]
        yield {client.ping()["connectionId"]: client for client in opened}


def submit(clients: dict[str, WsClient], **fields: str) -> str:
    """Submit an incident through the first client and return its id."""
    sender = next(iter(clients.values()))
    return str(sender.notify(incident(**fields))["incidentId"])


def wait_all(clients: dict[str, WsClient], incident_id: str) -> None:
    """Wait until every client has received the incident."""
    for client in clients.values():
        client.wait_update(incident_id)


def texts(client: WsClient, incident_id: str) -> list[str]:
    """Return the frames about an incident, as they arrived."""
    client.ping()
    return [text for text in client.texts if incident_id in text and '"incident_update"' in text]


def _counts(outcome: dict[str, int]) -> tuple[bool, int, int]:
    """Whether enough were delivered to, and how many were throttled and failed: those who left
    a moment ago may still be there or be gone."""
    return outcome["delivered"] >= 2, outcome["throttled"], outcome["failed"]


def test_a_broadcast_that_fails_half_way_reaches_everyone_once(
    deployment: Deployment, faults: FaultyEndpoint, clients: dict[str, WsClient]
) -> None:
    broken, slow, cut, alive = clients
    left = {broken: [500, 503], slow: [429], cut: [DROP], alive: [410]}

    def rule(request: Request) -> Answer:
        failures = left.get(request.name) if request.method == "POST" else None
        return failures.pop(0) if failures else None

    faults.obey(rule)
    incident_id = submit(clients)
    wait_all(clients, incident_id)

    outcome = delivery(deployment, incident_id, "broadcast")
    counts = [len(texts(client, incident_id)) for client in clients.values()]
    assert counts == [1, 1, 1, 1]
    assert not any(left.values())
    assert _counts(outcome) == (True, 0, 0)
    # A false 410 costs no client the next broadcast.
    wait_all(clients, submit(clients))


def test_a_socket_that_keeps_failing_delays_no_other_and_is_tried_again_later(
    deployment: Deployment, faults: FaultyEndpoint, clients: dict[str, WsClient]
) -> None:
    slow, broken, *fine = clients
    answers = {slow: 429, broken: 500}
    faults.obey(lambda request: answers.get(request.name))

    incident_id = submit({name: clients[name] for name in fine})
    wait_all({name: clients[name] for name in fine}, incident_id)
    first = delivery(deployment, incident_id, "broadcast")
    faults.heal()
    wait_all(clients, incident_id)

    assert (first["pending"], *_counts(first)) == (2, True, 0, 0)
    assert [len(texts(client, incident_id)) for client in clients.values()] == [1] * CLIENTS
    last = eventually(
        lambda: delivery(deployment, incident_id, "broadcast"),
        "the record of the second attempt",
        accept=lambda outcome: "pending" not in outcome,
    )
    assert _counts(last) == (True, 0, 0)


def test_changes_that_had_to_wait_are_one_post_to_each_client_of_v2(
    deployment: Deployment, faults: FaultyEndpoint, clients: dict[str, WsClient]
) -> None:
    with WsClient(deployment.ws_url, subprotocols=["alerta.v2"]) as newest:
        name = str(newest.ping()["connectionId"])
        faults.obey(lambda request: 503 if "incident_update" in request.body else None)
        first = submit(clients)
        faults.wait_for(1, lambda request: request.name == name and first in request.body)
        waited = [submit(clients) for _ in range(9)]
        faults.heal()
        for client in clients.values():
            client.wait_update(waited[-1])
        newest.wait(lambda frame: frame["type"] == "incident_updates")

        together = [frame for frame in newest.frames if frame["type"] == "incident_updates"]
        told = [one["incidentId"] for frame in together for one in frame["incidents"]]
        posts = faults.seen(lambda request: request.name == name and waited[0] in request.body)
        apart = [sum(len(texts(client, one)) for one in waited) for client in clients.values()]
    assert len(newest.updates(first)) == 1
    assert told == waited
    assert len(posts) == 1
    assert apart == [len(waited)] * CLIENTS


def test_emails_go_out_while_no_socket_is_reachable_and_broadcasts_follow(
    deployment: Deployment,
    faults: FaultyEndpoint,
    clients: dict[str, WsClient],
    mailbox: Mailbox,
) -> None:
    location = unique("Aula")
    faults.obey(lambda request: HANG if "incident_update" in request.body else None)

    incident_id = submit(clients, location=location, urgency="high")
    mailbox.about(location)
    # A second post to one client: the Lambda failed, and the stream retries.
    one = next(iter(clients))
    faults.wait_for(2, lambda request: request.name == one and incident_id in request.body)
    before = [len(client.updates(incident_id)) for client in clients.values()]
    faults.heal()
    wait_all(clients, incident_id)

    assert before == [0] * CLIENTS
    assert [len(texts(client, incident_id)) for client in clients.values()] == [1] * CLIENTS
    assert mailbox.locations().count(location) == 1
    eventually(
        lambda: delivery(deployment, incident_id, "broadcast")["delivered"] >= CLIENTS,
        "a record of the broadcast that succeeded",
    )


def test_a_lambda_killed_half_way_sends_the_same_frames_again(
    deployment: Deployment,
    faults: FaultyEndpoint,
    clients: dict[str, WsClient],
    mailbox: Mailbox,
) -> None:
    location = unique("Aula")
    stuck, *others = clients
    faults.obey(lambda request: HANG if request.name == stuck else None)

    incident_id = submit(clients, location=location, urgency="high")
    wait_all({name: clients[name] for name in others}, incident_id)
    faults.wait_for(1, lambda request: request.name == stuck and incident_id in request.body)
    killed = kill(deployment, "broadcast")
    faults.heal()
    wait_all(clients, incident_id)
    outcome = delivery(deployment, incident_id, "broadcast")

    frames = [texts(client, incident_id) for client in clients.values()]
    # A run of the schedule may have a process of its own.
    assert killed >= 1
    assert outcome["delivered"] >= CLIENTS
    assert [len(own) for own in frames] == [1, 2, 2, 2]
    assert len({text for own in frames for text in own}) == 1
    assert mailbox.about(location)
    assert mailbox.locations().count(location) == 1


def test_a_broadcast_is_sent_while_sns_fails_and_the_email_follows_once(
    deployment: Deployment,
    faults: FaultyEndpoint,
    clients: dict[str, WsClient],
    mailbox: Mailbox,
) -> None:
    location = unique("Aula")
    faults.obey(lambda request: 503 if "Action=Publish" in request.body else None)

    incident_id = submit(clients, location=location, urgency="medium")
    wait_all(clients, incident_id)
    failed = delivery(deployment, incident_id, "email")
    faults.wait_for(4, lambda request: location in request.body and "Publish" in request.body)
    faults.heal()
    mailbox.about(location)

    assert failed["result"] == "failed"
    assert mailbox.locations().count(location) == 1
    eventually(
        lambda: delivery(deployment, incident_id, "email")["result"] == "sent",
        "a record of the e-mail that was sent",
    )
    assert [len(texts(client, incident_id)) for client in clients.values()] == [1] * CLIENTS


def test_a_record_that_arrives_twice_is_broadcast_twice_alike(
    deployment: Deployment, clients: dict[str, WsClient]
) -> None:
    client = next(iter(clients.values()))
    with environment(deployment, "broadcast", {"REPEAT_RECORDS": "yes"}):
        incident_id = submit(clients)
        frames = eventually(
            lambda: found if len(found := texts(client, incident_id)) == 2 else None, "a repeat"
        )

    assert len(set(frames)) == 1
