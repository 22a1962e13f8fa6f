"""The deployed consumers of the stream: the response to a batch with a bad record."""

import json
from typing import Any

import pytest

from tests.support.deployment import Deployment
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient


@pytest.mark.parametrize("consumer", ["broadcast", "alarm"])
def test_a_failing_record_is_retried_and_the_records_before_it_are_not(
    deployment: Deployment, consumer: str
) -> None:
    good = _record(deployment, "1")
    bad = {
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {"feed": {"S": "main"}}, "SequenceNumber": "2"},
    }

    answer = _invoke(deployment, consumer, [good, bad, _with_number(good, "3")])

    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_batch_without_a_failing_record_succeeds(deployment: Deployment) -> None:
    answer = _invoke(deployment, "broadcast", [_record(deployment, "1")])

    assert answer == {"batchItemFailures": []}


def _record(deployment: Deployment, number: str) -> dict[str, Any]:
    """Commit a change and return its stream record."""
    with WsClient(deployment.ws_url) as client:
        ack = client.notify(incident(location=unique("Aula")))
    item = deployment.client("dynamodb").get_item(
        TableName=deployment.outputs["ChangesTable"],
        Key={"feed": {"S": "main"}, "seq": {"N": str(ack["seq"])}},
    )["Item"]
    return {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": number}}


def _with_number(record: dict[str, Any], number: str) -> dict[str, Any]:
    return {**record, "dynamodb": {**record["dynamodb"], "SequenceNumber": number}}


def _invoke(deployment: Deployment, name: str, records: list[dict[str, Any]]) -> Any:
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.function(name), Payload=json.dumps({"Records": records})
    )
    return json.load(answer["Payload"])
