"""The deployed service with an endpoint of our own between its Lambdas and the APIs they call."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries
from tests.aws.conftest import mailbox  # noqa: F401 (a fixture)
from tests.faults.aws.endpoint import FaultyEndpoint
from tests.support.deployment import Deployment
from tests.support.eventually import eventually


@pytest.fixture(scope="package")
def endpoint(deployment: Deployment) -> Iterator[FaultyEndpoint]:
    """Yield an endpoint between the Lambdas and ``@connections``, and between ``alarm`` and SNS."""
    with FaultyEndpoint(deployment.emulator.port) as running, ExitStack() as stack:
        path = deployment.management_url.removeprefix(deployment.emulator.endpoint_url)
        management = {"MANAGEMENT_ENDPOINT": running.url + path}
        for function in ("broadcast", "fanout"):
            stack.enter_context(environment(deployment, function, management))
        stack.enter_context(environment(deployment, "alarm", {"AWS_ENDPOINT_URL_SNS": running.url}))
        yield running


@pytest.fixture
def faults(endpoint: FaultyEndpoint) -> Iterator[FaultyEndpoint]:
    """Yield the endpoint and heal it after the test."""
    yield endpoint
    endpoint.heal()


@contextmanager
def environment(deployment: Deployment, function: str, more: dict[str, str]) -> Iterator[None]:
    """Add variables to a Lambda's environment."""
    client, name = deployment.client("lambda"), deployment.function(function)
    own = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": own | more})
    yield
    client.update_function_configuration(FunctionName=name, Environment={"Variables": own})


@contextmanager
def event_source(deployment: Deployment, function: str, **settings: Any) -> Iterator[None]:
    """Change settings of a Lambda's event source."""
    client, name = deployment.client("lambda"), deployment.function(function)
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    own = {key: mapping.get(key, value) for key, value in settings.items()}
    if "Enabled" in own:
        own["Enabled"] = True
    client.update_event_source_mapping(UUID=mapping["UUID"], **settings)
    yield
    client.update_event_source_mapping(UUID=mapping["UUID"], **own)


@contextmanager
def queue_settings(deployment: Deployment, output: str, **settings: str) -> Iterator[None]:
    """Change settings of the queue that an output of the stack names."""
    sqs, url = deployment.client("sqs"), deployment.outputs[output]
    own = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(settings))["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=settings)
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=own)


def visible(deployment: Deployment, output: str) -> int:
    """Return the number of visible messages in the queue that an output of the stack names."""
    attributes = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs[output], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def tried_once(deployment: Deployment, dead_letters: str) -> str:
    """Return the ``RedrivePolicy`` of a queue whose messages are given up at the first failure."""
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs[dead_letters], AttributeNames=["QueueArn"]
    )
    arn = answer["Attributes"]["QueueArn"]
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})


def kill(deployment: Deployment, function: str) -> int:
    """Kill every process of a Lambda and return their number."""
    wanted = {
        f"AWS_LAMBDA_FUNCTION_NAME={deployment.function(function)}".encode(),
        f"GATEWAY_PORT={deployment.emulator.port}".encode(),
    }
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = set((process / "environ").read_bytes().split(b"\0"))
            if wanted <= variables:
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except OSError:
            continue
    return killed


def delivery(deployment: Deployment, incident_id: str, channel: str) -> dict[str, Any]:
    """Wait for the record of an incident's first revision and return it."""
    table = deployment.outputs["DeliveriesTable"]
    deliveries = DynamoDeliveries(deployment.client("dynamodb"), table)

    def look() -> dict[str, Any] | None:
        found = {str(one.channel): one.outcome for one in deliveries.for_incident(incident_id)}
        return dict(found[channel]) if channel in found else None

    return dict(eventually(look, f"a record of the {channel} of {incident_id}"))
