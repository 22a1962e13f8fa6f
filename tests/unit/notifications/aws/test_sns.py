"""E-mail through SNS, as a queue subscribed to the topic receives it."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config

from alerta_utec.domain.errors import Internal, Unavailable
from alerta_utec.notifications.aws.sns import SnsMailer
from alerta_utec.notifications.fitting import ShortText
from alerta_utec.notifications.mailer import Email
from tests.contract.aws import addressed
from tests.support.emulator import Emulator, free_port
from tests.support.incidents import unique

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

BODY = "Alerta UTEC: hay un incidente que atender.\n\nLugar: Laboratorio Ñ 🎓\n"


@pytest.fixture
def sns(emulator: Emulator) -> Iterator["SNSClient"]:
    client = boto3.client("sns", **addressed(emulator))
    yield client
    client.close()


@pytest.fixture
def sqs(emulator: Emulator) -> Iterator["SQSClient"]:
    client = boto3.client("sqs", **addressed(emulator))
    yield client
    client.close()


@pytest.fixture
def topic(sns: "SNSClient") -> str:
    return sns.create_topic(Name=unique("alarms"))["TopicArn"]


def _subscribed(
    sns: "SNSClient", sqs: "SQSClient", topic: str, policy: Mapping[str, Any] | None = None
) -> str:
    queue = sqs.create_queue(QueueName=unique("inbox"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], Attributes=attributes)
    return queue


def _received(sqs: "SQSClient", queue: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            received: dict[str, Any] = json.loads(message["Body"])
            return received
    raise AssertionError("nothing arrived")


def _email(**fields: Any) -> Email:
    attributes = {"urgency": "high", "type": "fuga", "location": "Laboratorio Ñ"}
    whole: dict[str, Any] = {
        "message_id": "<a.1@alerta-utec>",
        "subject": "[Alerta UTEC] ALTA: fuga - Laboratorio N",
        "body": BODY,
        "attributes": attributes,
    }
    return Email(**whole | fields)


def test_an_email_arrives_with_subject_body_and_attributes(
    sns: "SNSClient", sqs: "SQSClient", topic: str
) -> None:
    queue = _subscribed(sns, sqs, topic)

    SnsMailer(sns, topic).send(_email())

    received = _received(sqs, queue)
    assert received["Subject"] == "[Alerta UTEC] ALTA: fuga - Laboratorio N"
    assert received["Message"] == BODY
    assert received["MessageAttributes"] == {
        "urgency": {"Type": "String", "Value": "high"},
        "type": {"Type": "String", "Value": "fuga"},
        "location": {"Type": "String", "Value": "Laboratorio Ñ"},
    }


def test_a_subscription_can_filter_by_urgency(
    sns: "SNSClient", sqs: "SQSClient", topic: str
) -> None:
    queue = _subscribed(sns, sqs, topic, {"urgency": ["high"]})
    mailer = SnsMailer(sns, topic)

    mailer.send(_email(attributes={"urgency": "medium"}, subject="media"))
    mailer.send(_email(attributes={"urgency": "high"}, subject="alta"))

    assert _received(sqs, queue)["Subject"] == "alta"


def test_an_email_is_adapted_to_the_limits_of_sns(
    sns: "SNSClient", sqs: "SQSClient", topic: str
) -> None:
    queue = _subscribed(sns, sqs, topic)
    odd = {"urgency": "high", "type": "", "location": "ñ" * 2000}

    SnsMailer(sns, topic).send(_email(subject="línea\r\ncon ñ " + "x" * 200, attributes=odd))

    received = _received(sqs, queue)
    assert received["Subject"] == ("l?nea con ? " + "x" * 200)[:99]
    assert received["MessageAttributes"]["location"]["Value"] == "ñ" * 512
    assert "type" not in received["MessageAttributes"]


class _RecordingClient:
    """A client that keeps what it would publish."""

    def __init__(self) -> None:
        self.published: dict[str, Any] = {}

    def publish(self, **message: Any) -> None:
        self.published = message


@pytest.mark.parametrize("letter", ["x", "😀", '"', "\\"])
def test_the_longest_message_fits_the_quota_and_says_that_it_is_cut(letter: str) -> None:
    client = _RecordingClient()
    places = [f"{letter * 100} {number}" for number in range(3000)]
    attributes = {f"a{number}": places for number in range(10)}
    body = "SIMULACRO: no es real\n" + letter * 300_000
    email = _email(
        body=body, attributes=attributes, short=ShortText("SIMULACRO - ALTA"), cut_note="[corte]"
    )

    SnsMailer(cast("Any", client), "arn").send(email)

    sent = client.published
    size = len(sent["Message"].encode()) + sum(
        len((name + one["DataType"] + one["StringValue"]).encode())
        for name, one in sent["MessageAttributes"].items()
    )
    text = json.loads(sent["Message"])["default"]
    assert size <= 256 * 1024
    assert text.startswith("SIMULACRO")
    assert text.endswith("[corte]")
    assert places[0] in json.loads(sent["MessageAttributes"]["a9"]["StringValue"])


def test_an_unreachable_sns_is_unavailable() -> None:
    client = boto3.client(
        "sns",
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )

    with pytest.raises(Unavailable):
        SnsMailer(client, "arn:aws:sns:us-east-1:000000000000:alarms").send(_email())


def test_a_missing_topic_is_a_defect_and_logged(
    sns: "SNSClient", caplog: pytest.LogCaptureFixture
) -> None:
    mailer = SnsMailer(sns, "arn:aws:sns:us-east-1:000000000000:nowhere")

    with pytest.raises(Internal):
        mailer.send(_email())

    assert [record.message for record in caplog.records] == ["aws_refused"]
