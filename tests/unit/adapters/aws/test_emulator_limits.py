"""Limits of AWS that the emulator has too: loops, Lambdas at once, late event sources."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.contract.aws import LATE_S, addressed
from tests.support.emulator import Emulator
from tests.support.eventually import eventually
from tests.support.incidents import unique

ROLE = "arn:aws:iam::000000000000:role/any"
# The invocations of a chain before Lambda stops it.
CHAIN_MAX = 16
ACCOUNT_MAX = 10
# Sends the message on to its own queue, and counts.
LOOP = """
import os
from botocore.session import get_session
sqs = get_session().create_client("sqs", endpoint_url=os.environ["ENDPOINT"])
def handler(event, context):
    for name in ("COUNTED", "LOOP"):
        sqs.send_message(QueueUrl=os.environ[name], MessageBody="again")
"""


@dataclass
class Lambdas:
    """Lambdas and queues of a test's own."""

    client: Callable[[str], Any]
    endpoint: str
    stack: ExitStack

    def queue(self) -> str:
        sqs = self.client("sqs")
        url = str(sqs.create_queue(QueueName=unique("queue"))["QueueUrl"])
        self.stack.callback(sqs.delete_queue, QueueUrl=url)
        return url

    def function(self, code: str, **variables: str) -> str:
        packed, name = io.BytesIO(), unique("function")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", code)
        client = self.client("lambda")
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"ENDPOINT": self.endpoint, **variables}},
        )
        self.stack.callback(client.delete_function, FunctionName=name)
        return name

    def read(self, name: str, queue: str) -> None:
        """Invoke the function for each message of the queue."""
        arn = f"arn:aws:sqs:us-east-1:000000000000:{queue.rpartition('/')[2]}"
        client = self.client("lambda")
        made = client.create_event_source_mapping(
            FunctionName=name, EventSourceArn=arn, BatchSize=1
        )
        self.stack.callback(client.delete_event_source_mapping, UUID=made["UUID"])

    def waiting(self, queue: str) -> int:
        """Return the number of messages in a queue that nothing reads."""
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def lambdas(emulator: Emulator) -> Iterator[Lambdas]:
    def client(service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, config=once, **addressed(emulator))  # type: ignore[call-overload]

    with ExitStack() as stack:
        yield Lambdas(client, emulator.endpoint_url, stack)


# Waits until a message arrives.
WAIT = """
import os
from botocore.session import get_session
sqs = get_session().create_client("sqs", endpoint_url=os.environ["ENDPOINT"])
def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["BEGUN"], MessageBody="begun")
    while not sqs.receive_message(QueueUrl=os.environ["GATE"], WaitTimeSeconds=1).get("Messages"):
        pass
"""


def test_a_new_account_runs_ten_lambdas_at_once(lambdas: Lambdas) -> None:
    begun, gate = lambdas.queue(), lambdas.queue()
    name = lambdas.function(WAIT, BEGUN=begun, GATE=gate)

    def invoke(_number: int) -> int:
        client = lambdas.client("lambda")
        return int(client.invoke(FunctionName=name, Payload=b"{}")["StatusCode"])

    with ThreadPoolExecutor(ACCOUNT_MAX) as pool:
        running = [pool.submit(invoke, number) for number in range(ACCOUNT_MAX)]
        eventually(lambda: lambdas.waiting(begun) == ACCOUNT_MAX, "ten that run", within_s=30)
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            invoke(ACCOUNT_MAX)
        for _ in running:
            lambdas.client("sqs").send_message(QueueUrl=gate, MessageBody="go")
        done = [one.result() for one in running]

    assert done == [200] * ACCOUNT_MAX


@pytest.mark.parametrize("allowed", [False, True])
def test_a_function_that_sends_to_its_own_queue_is_stopped_unless_it_is_allowed(
    lambdas: Lambdas, allowed: bool
) -> None:
    loop, counted = lambdas.queue(), lambdas.queue()
    name = lambdas.function(LOOP, LOOP=loop, COUNTED=counted)
    client = lambdas.client("lambda")
    client.put_function_recursion_config(
        FunctionName=name, RecursiveLoop="Allow" if allowed else "Terminate"
    )
    lambdas.read(name, loop)
    lambdas.client("sqs").send_message(QueueUrl=loop, MessageBody="begin")

    eventually(lambda: lambdas.waiting(counted) >= CHAIN_MAX, "a chain", within_s=30)
    if allowed:
        eventually(lambda: lambdas.waiting(counted) > CHAIN_MAX, "a longer chain")
    else:
        eventually(lambda: _result(client, name).startswith("PROBLEM"), "the end of the chain")
        assert lambdas.waiting(counted) == CHAIN_MAX


def test_an_event_source_begins_late_and_loses_nothing(lambdas: Lambdas) -> None:
    counted, gate = lambdas.queue(), lambdas.queue()
    name = lambdas.function(WAIT, BEGUN=counted, GATE=gate)
    source, sqs = lambdas.queue(), lambdas.client("sqs")
    for url in (source, gate):
        sqs.send_message(QueueUrl=url, MessageBody="go")

    created_s = time.time()
    lambdas.read(name, source)
    (message,) = eventually(
        lambda: sqs.receive_message(QueueUrl=counted, AttributeNames=["All"]).get("Messages"),
        "an invocation",
        within_s=30,
    )

    assert int(message["Attributes"]["SentTimestamp"]) / 1000 >= created_s + LATE_S


def _result(client: Any, name: str) -> str:
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return str(mapping["LastProcessingResult"])
