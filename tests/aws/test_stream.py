"""The deployed consumers of the stream: the response to a batch with a bad record."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.deployment import Deployment
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient


def test_a_failing_record_is_retried_and_the_records_before_it_are_not(
    deployment: Deployment,
) -> None:
    good = _record(deployment, "1")
    bad = {
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {"feed": {"S": "main"}}, "SequenceNumber": "2"},
    }

    answer = _invoke(deployment, "broadcast", [good, bad, _with_number(good, "3")])

    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


@pytest.mark.parametrize("reader", ["broadcast", "relay"])
def test_a_batch_without_a_failing_record_succeeds(deployment: Deployment, reader: str) -> None:
    answer = _invoke(deployment, reader, [_record(deployment, "1")])

    assert answer == {"batchItemFailures": []}


def test_a_third_reader_of_the_stream_is_refused(deployment: Deployment) -> None:
    client = deployment.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=deployment.function("relay"))[
        "EventSourceMappings"
    ]

    with pytest.raises(ClientError):
        client.create_event_source_mapping(
            FunctionName=deployment.function("alarm"),
            EventSourceArn=mapping["EventSourceArn"],
            StartingPosition="TRIM_HORIZON",
        )


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
