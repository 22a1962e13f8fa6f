"""The dead-letter queues, and the command that sends its changes again."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.conftest import Mailbox
from tests.faults.aws.conftest import event_source, queue_settings, tried_once, visible
from tests.faults.aws.endpoint import FaultyEndpoint
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.fresh_python import run_python
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

INCIDENTS = 2
# Every failure is a cold start of a Lambda here.
GIVEN_UP_S = 75.0


@pytest.fixture
def impatient(deployment: Deployment) -> Iterator[None]:
    """Make both consumers give up at the first failure."""
    once = tried_once(deployment, "UndeliveredInOrderQueue")
    with (
        event_source(deployment, "broadcast", MaximumRetryAttempts=0),
        queue_settings(deployment, "NotificationsQueue", RedrivePolicy=once),
    ):
        yield


def redrive(
    deployment: Deployment, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with an operator's credentials."""
    settings = deployment.emulator.environment | {"PYTHONIOENCODING": "utf-8"} | environment
    return run_python(
        "-m", "alerta_utec", "redrive", *arguments, environment=settings, timeout_s=100
    )


def waiting(deployment: Deployment) -> int:
    """Return the number of visible messages in the dead-letter queues."""
    return sum(
        visible(deployment, output) for output in ("UndeliveredQueue", "UndeliveredInOrderQueue")
    )


@pytest.mark.usefixtures("impatient")
def test_redrive_sends_a_failed_change_once(
    deployment: Deployment, faults: FaultyEndpoint, mailbox: Mailbox
) -> None:
    locations = [unique("Aula") for _ in range(INCIDENTS)]
    with WsClient(deployment.ws_url) as client:
        faults.obey(lambda request: 403)
        ids = [_submit(client, location) for location in locations]
        eventually(
            lambda: waiting(deployment) == 2 * INCIDENTS,
            "a message for each incident and channel",
            within_s=GIVEN_UP_S,
        )
        faults.heal()
        lost = [frame for frame in client.frames if frame["type"] == "incident_update"]

        shown = redrive(deployment, "--dry-run")
        left = waiting(deployment)
        refused = redrive(
            deployment, "--channel", "email", AWS_ENDPOINT_URL_SNS="http://127.0.0.1:9"
        )
        kept = waiting(deployment)
        sent = redrive(deployment)
        for incident_id in ids:
            client.wait_update(incident_id)
        again = redrive(deployment)
        for location in locations:
            mailbox.about(location)
        client.ping()

    assert lost == []
    assert (shown.returncode, left) == (0, 2 * INCIDENTS), shown.stdout + shown.stderr
    assert shown.stdout.count("se enviaría") == 2 * INCIDENTS
    assert (refused.returncode, kept) == (1, 2 * INCIDENTS), refused.stdout + refused.stderr
    assert "FALLÓ" in refused.stdout
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert f"{2 * INCIDENTS} retirados, 0 siguen" in sent.stdout
    assert "0 retirados, 0 siguen" in again.stdout
    assert [len(client.updates(incident_id)) for incident_id in ids] == [1] * INCIDENTS
    assert [mailbox.locations().count(location) for location in locations] == [1] * INCIDENTS


def test_redrive_sends_changes_by_seq_on_the_named_channel(
    deployment: Deployment, mailbox: Mailbox
) -> None:
    location = unique("Aula")
    with WsClient(deployment.ws_url) as client:
        ack = client.notify(incident(location=location, urgency="high"))
        first = client.wait_update(ack["incidentId"])
        mailbox.about(location)

        done = redrive(deployment, "--from-seq", str(ack["seq"]), "--channel", "broadcast")
        client.wait(lambda frame: client.frames.count(first) == 2)
        beyond = redrive(deployment, "--from-seq", "1000000", "--to-seq", "1000005")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seq {ack['seq']}  {ack['incidentId']} r1  difusión: enviado" in done.stdout
    assert mailbox.locations().count(location) == 1
    assert beyond.returncode == 1
    assert "De 6 cambios pedidos hay 0." in beyond.stdout


def test_redrive_leaves_foreign_messages_in_the_queue(deployment: Deployment) -> None:
    sqs, name = deployment.client("sqs"), unique("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"hola": 1}')

    done = redrive(deployment, "--queue", url)
    received: dict[str, Any] = sqs.receive_message(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)

    assert done.returncode == 1
    assert "no es de este servicio" in done.stdout
    assert [message["Body"] for message in received["Messages"]] == ['{"hola": 1}']


def test_redrive_names_a_stack_that_does_not_exist(deployment: Deployment) -> None:
    done = redrive(deployment, "--stage", "nowhere")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no hay una pila así (alerta-utec-realtime-nowhere)" in done.stderr


def _submit(client: WsClient, location: str) -> str:
    return str(client.notify(incident(location=location, urgency="high"))["incidentId"])
