"""A mailbox that hears the alarms, and waiting for what comes in its own time."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.deployment import Deployment
from tests.support.incidents import unique

WAIT_S = 25.0


def eventually(look: Callable[[], Any], what: str, wait_s: float = WAIT_S) -> Any:
    """What ``look`` returns, as soon as it returns something true."""
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not in {wait_s} s: {what}")


@dataclass
class Mailbox:
    """A queue that is subscribed to the topic as an address would be."""

    sqs: Any
    url: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def about(self, location: str) -> dict[str, Any]:
        """The first notification whose attribute ``location`` is this one; waits for it."""
        return dict(eventually(lambda: self._find(location), f"an e-mail about {location}"))

    def _find(self, location: str) -> dict[str, Any] | None:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", []):
            self.received.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return next((one for one in self.received if _location(one) == location), None)

    def locations(self) -> list[str]:
        """Where the incidents were that have been heard of so far."""
        return [_location(one) for one in self.received]


def _location(notification: dict[str, Any]) -> str:
    return str(notification["MessageAttributes"]["location"]["Value"])


@pytest.fixture
def mailbox(deployment: Deployment) -> Iterator[Mailbox]:
    """An empty queue, subscribed to the deployment's topic."""
    sqs, sns = deployment.client("sqs"), deployment.client("sns")
    url = sqs.create_queue(QueueName=unique("mailbox"))["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["QueueArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    topic = deployment.outputs["AlarmTopic"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    yield Mailbox(sqs, url)
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)
