"""The services that AWS's adapters send through: ``@connections`` of a real gateway, and SNS.

Fixtures for the contract suites, beside those of ``tests.contract.aws``.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.notifications.aws.sns import SnsMailer
from alerta_utec.notifications.mailer import Email
from tests.contract.aws import addressed
from tests.support.emulator import REGION, Emulator, free_port
from tests.support.eventually import eventually
from tests.support.incidents import unique
from tests.support.server import Server
from tests.support.wsclient import WsClient

GONE = 410


class ManagementSockets:
    """A ``ConnectionsApiPoster`` and the sockets of clients at the same gateway."""

    def __init__(self, http: ConnectionsHttp, ws_url: str, stack: ExitStack):
        self.poster = ConnectionsApiPoster(http)
        self._http, self._ws_url, self._stack = http, ws_url, stack
        self._sockets: dict[str, WsClient] = {}

    def connect(self) -> str:
        """Open a socket and return its id."""
        socket = self._stack.enter_context(WsClient(self._ws_url))
        connection_id: str = socket.ping()["connectionId"]
        self._sockets[connection_id] = socket
        return connection_id

    def disconnect(self, connection_id: str) -> None:
        """Close a socket, and wait until its gateway knows."""
        self._sockets[connection_id].close()

        def status() -> int:
            with self._http.channel(self._http.signer()) as channel:
                return channel.request("GET", connection_id).status

        eventually(status, "the gateway forgets a closed socket", accept=lambda code: code == GONE)

    def received(self, connection_id: str, _count: int) -> list[str]:
        """Return every frame so far: a pong arrives after all frames posted before its ping."""
        socket = self._sockets[connection_id]
        socket.ping()
        pairs = zip(socket.texts, socket.frames, strict=True)
        return [text for text, frame in pairs if frame.get("type") != "pong"]


@pytest.fixture
def management_sockets(server: Server) -> Iterator[ManagementSockets]:
    """Yield sockets that get posts through ``@connections`` of the local gateway."""
    http = ConnectionsHttp(
        ApiAddress(server.management_url),
        lambda: Credentials("test", "test"),
        region=REGION,
        keep=32,
        connect_timeout_s=2.0,
        read_timeout_s=5.0,
    )
    with ExitStack() as stack:
        stack.callback(http.close)
        yield ManagementSockets(http, server.ws_url, stack)


@dataclass(frozen=True)
class SnsMailing:
    """An ``SnsMailer``, the e-mails in a subscribed queue, and a mailer that cannot reach SNS."""

    mailer: SnsMailer
    arrived: Callable[[], list[Email]]
    unreachable: SnsMailer


@pytest.fixture
def sns_mailing(emulator: Emulator) -> Iterator[SnsMailing]:
    """Yield a topic and a queue of a test's own."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    nowhere = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    with ExitStack() as stack:

        def client(service: Any, **settings: Any) -> Any:
            made = boto3.client(service, **addressed(emulator) | settings)
            stack.callback(made.close)
            return made

        sns, sqs = client("sns"), client("sqs")
        topic = sns.create_topic(Name=unique("alarms"))["TopicArn"]
        queue = sqs.create_queue(QueueName=unique("inbox"))["QueueUrl"]
        about = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=about["Attributes"]["QueueArn"])
        yield SnsMailing(
            SnsMailer(sns, topic),
            lambda: _drained(sqs, queue),
            SnsMailer(client("sns", config=once, **nowhere), topic),
        )


def _drained(sqs: Any, queue: str) -> list[Email]:
    """Return what has arrived, once a second passes without more."""
    arrived: list[Email] = []
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        if not answer.get("Messages"):
            return arrived
        for message in answer["Messages"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            arrived.append(Email("", body["Subject"], body["Message"]))
