"""A mailbox that is subscribed to the alarms."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import unique


@dataclass
class Mailbox:
    """A queue that is subscribed to the topic like an address."""

    sqs: Any
    url: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def about(self, location: str) -> dict[str, Any]:
        """Wait for the first notification about this ``location`` and return it."""
        return self.all_about(location, 1)[0]

    def all_about(self, location: str, count: int) -> list[dict[str, Any]]:
        """Wait for ``count`` notifications about this ``location`` and return them."""

        def enough() -> list[dict[str, Any]]:
            self._receive()
            found = [one for one in self.received if _location(one) == location]
            return found if len(found) >= count else []

        return list(eventually(enough, f"{count} e-mails about {location}"))

    def heard(self, location: str) -> bool:
        """Return whether a notification about it has arrived by now."""
        self._receive()
        return location in self.locations()

    def _receive(self) -> None:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", []):
            self.received.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def locations(self) -> list[str]:
        """Return the locations of the notifications so far."""
        return [_location(one) for one in self.received]


def _location(notification: dict[str, Any]) -> str:
    return str(notification["MessageAttributes"]["location"]["Value"])


@contextmanager
def subscribed(
    deployment: Deployment, policy: Mapping[str, Any] | None = None
) -> Iterator[Mailbox]:
    """Yield an empty queue, subscribed to the deployment's topic inside the block."""
    sqs, sns = deployment.client("sqs"), deployment.client("sns")
    url = sqs.create_queue(QueueName=unique("mailbox"))["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["QueueArn"],
    }
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowed})
    made = sns.subscribe(
        TopicArn=deployment.outputs["AlarmTopic"],
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"FilterPolicy": json.dumps(policy)} if policy else {},
    )
    yield Mailbox(sqs, url)
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def mailbox(deployment: Deployment) -> Iterator[Mailbox]:
    """Yield an empty queue, subscribed to the deployment's topic."""
    with subscribed(deployment) as made:
        yield made
