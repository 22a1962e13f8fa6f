"""E-mails and webhooks when the relay or the reader of one of its queues fails or is killed."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.aws.conftest import Mailbox
from tests.aws.test_webhooks import Hooks, hooks, receiver  # noqa: F401 (fixtures)
from tests.faults.aws.conftest import (
    delivery,
    environment,
    event_source,
    kill,
    queue_settings,
    visible,
)
from tests.faults.aws.endpoint import HANG, LOSE, Answer, FaultyEndpoint, Request
from tests.faults.aws.test_redrive import GIVEN_UP_S, redrive
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import unique
from tests.support.receiver import Receiver, about

HIDDEN_S = "2"
QUEUES = ("Notifications", "WebhookChanges")


@dataclass
class Recipients:
    """A mailbox and a webhook, which both get the incidents at one place."""

    hooks: Hooks
    mailbox: Mailbox
    receiver: Receiver
    place: str

    def report(self) -> str:
        return self.hooks.report(location=self.place, urgency="high")

    def wait(self, incident_id: str) -> None:
        """Wait until both have the incident."""
        self.mailbox.about(self.place)
        self.receiver.wait(about(incident_id))

    def counts(self) -> tuple[int, int]:
        """Return how many e-mails and posts have arrived."""
        return self.mailbox.locations().count(self.place), len(self.receiver.received)


@pytest.fixture
def recipients(
    hooks: Hooks,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    mailbox: Mailbox,
) -> Recipients:
    place = unique("Aula")
    hooks.add(receiver.url, filter={"location": [place]})
    return Recipients(hooks, mailbox, receiver, place)


@pytest.fixture
def sqs(deployment: Deployment) -> Iterator[FaultyEndpoint]:
    """Yield an endpoint between the relay and SQS."""
    with ExitStack() as stack:
        running = stack.enter_context(FaultyEndpoint(deployment.emulator.port))
        variables = {"AWS_ENDPOINT_URL_SQS": running.url}
        stack.enter_context(environment(deployment, "relay", variables))
        yield running


@pytest.mark.parametrize("queue", QUEUES)
def test_a_relay_killed_before_a_queue_has_the_change_loses_and_repeats_nothing(
    deployment: Deployment, sqs: FaultyEndpoint, recipients: Recipients, queue: str
) -> None:
    sqs.obey(lambda request: HANG if queue in request.body else None)

    incident_id = recipients.report()
    sqs.wait_for(1, lambda request: queue in request.body)
    killed = kill(deployment, "relay")
    sqs.heal()
    recipients.wait(incident_id)

    # A run of the schedule may have a process of its own.
    assert killed >= 1
    assert recipients.counts() == (1, 1)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_change_whose_sending_had_no_answer_is_queued_once(
    sqs: FaultyEndpoint, recipients: Recipients, queue: str
) -> None:
    left = [LOSE]

    def rule(request: Request) -> Answer:
        return left.pop() if left and queue in request.body else None

    sqs.obey(rule)
    incident_id = recipients.report()
    recipients.wait(incident_id)
    sqs.wait_for(2, lambda request: queue in request.body)

    assert recipients.counts() == (1, 1)


def test_a_queue_that_takes_nothing_delays_no_other(
    sqs: FaultyEndpoint, recipients: Recipients
) -> None:
    sqs.obey(lambda request: 500 if "WebhookChanges" in request.body else None)

    incident_id = recipients.report()
    recipients.mailbox.about(recipients.place)
    before = recipients.counts()
    sqs.heal()
    recipients.wait(incident_id)

    assert before == (1, 0)
    assert recipients.counts() == (1, 1)


def test_redrive_sends_what_the_relay_gave_up_to_each_of_its_consumers(
    deployment: Deployment, sqs: FaultyEndpoint, recipients: Recipients
) -> None:
    with event_source(deployment, "relay", MaximumRetryAttempts=0):
        sqs.obey(lambda _request: 403)
        incident_id = recipients.report()
        eventually(
            lambda: visible(deployment, "UndeliveredQueue"), "a message", within_s=GIVEN_UP_S
        )
        sqs.heal()
    before = recipients.counts()

    partly = redrive(deployment, "--channel", "email")
    done = redrive(deployment)
    recipients.wait(incident_id)

    assert before == (0, 0)
    assert "0 retirados, 1 siguen" in partly.stdout, partly.stdout + partly.stderr
    assert "correo, webhooks, 1 cambios" in done.stdout, done.stdout + done.stderr
    assert "1 retirados, 0 siguen" in done.stdout
    assert recipients.counts() == (1, 1)


def test_records_and_messages_that_arrive_twice_are_delivered_once(
    deployment: Deployment, recipients: Recipients
) -> None:
    with ExitStack() as stack:
        for function in ("relay", "alarm", "webhooks", "webhook"):
            stack.enter_context(environment(deployment, function, {"REPEAT_RECORDS": "yes"}))
        recipients.wait(recipients.report())
        # What a repeat would send has arrived once the next incident has.
        last = recipients.report()
        recipients.receiver.wait(about(last))
        eventually(lambda: delivery(deployment, last, "email"), "a record of its e-mail")

    bodies = [post.body for post in recipients.receiver.received]
    assert len(bodies) == len(set(bodies)) == 2
    assert recipients.counts()[0] == 1


def test_the_killed_sender_of_an_email_is_replaced(
    deployment: Deployment, faults: FaultyEndpoint, recipients: Recipients
) -> None:
    faults.obey(lambda request: HANG if "Action=Publish" in request.body else None)
    with queue_settings(deployment, "NotificationsQueue", VisibilityTimeout=HIDDEN_S):
        incident_id = recipients.report()
        faults.wait_for(1, lambda request: recipients.place in request.body)
        killed = kill(deployment, "alarm")
        faults.heal()
        recipients.wait(incident_id)

    # A run of the schedule may have a process of its own.
    assert killed >= 1
    assert recipients.counts()[0] == 1
    assert delivery(deployment, incident_id, "email")["result"] == "sent"


def test_an_all_clear_waits_for_its_alert_and_other_incidents_do_not(
    faults: FaultyEndpoint,
    recipients: Recipients,
    hooks: Hooks,  # noqa: F811
    mailbox: Mailbox,
) -> None:
    other = unique("Patio")

    def refuse(request: Request) -> Answer:
        return 503 if recipients.place in request.body and "Publish" in request.body else None

    faults.obey(refuse)
    incident_id = recipients.report()
    hooks("PATCH", f"/incidents/{incident_id}", {"status": "resuelto"})
    hooks.report(location=other, urgency="high")
    mailbox.about(other)
    before = recipients.counts()[0]
    faults.heal()
    messages = mailbox.all_about(recipients.place, 2)

    assert before == 0
    events = [one["MessageAttributes"]["event"]["Value"] for one in messages]
    assert events == ["new", "resolved"]
