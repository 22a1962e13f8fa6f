"""``src/utils.py``: the six verbs, in a process that has the Lambdas' environment."""

import json
from typing import Any

import pytest

from tests.aws.conftest import Mailbox
from tests.support.deployment import Deployment
from tests.support.fresh_python import printed_json
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

CALL = (
    "import json, sys; from src import utils; "
    "print(json.dumps(getattr(utils, sys.argv[1])(*json.loads(sys.argv[2]))))"
)


def call(deployment: Deployment, verb: str, *arguments: Any) -> Any:
    """Call a function and return its result."""
    outputs = deployment.outputs
    settings = {
        f"{name.upper()}_TABLE": outputs[f"{name}Table"]
        for name in ("Connections", "Incidents", "Changes", "Keys", "Inbox", "Deliveries")
    }
    settings |= {
        "ALARM_TOPIC_ARN": outputs["AlarmTopic"],
        "ALERTA_TIMEZONE": "America/Lima",
        "MANAGEMENT_ENDPOINT": deployment.management_url,
    }
    return printed_json(
        CALL, verb, json.dumps(arguments), environment=deployment.emulator.environment | settings
    )


def test_connections_are_saved_listed_and_deleted(deployment: Deployment) -> None:
    connection_id = unique("utils")

    call(deployment, "save_connection", connection_id)
    saved = call(deployment, "list_connections")
    call(deployment, "delete_connection", connection_id)
    deleted = call(deployment, "list_connections")

    assert connection_id in saved
    assert connection_id not in deleted


def test_a_message_is_posted_to_a_connection(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        connection_id = client.ping()["connectionId"]

        posted = call(deployment, "post_to_connection", connection_id, {"hola": "ñ"})
        client.wait(lambda frame: frame == {"hola": "ñ"})

    assert posted is True


def test_a_message_to_an_unknown_connection_is_not_posted(deployment: Deployment) -> None:
    assert call(deployment, "post_to_connection", "bm9ib2R5IGhlcmU=", {}) is False


def test_an_incident_that_is_saved_is_broadcast(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        saved = call(deployment, "save_incident", incident())
        heard = client.wait_update(saved["incidentId"])

    assert heard["incident"] == saved


@pytest.mark.parametrize(("urgency", "expected"), [("medium", True), ("low", False)])
def test_an_incident_is_mailed_again_if_its_urgency_requires_it(
    deployment: Deployment, mailbox: Mailbox, urgency: str, expected: bool
) -> None:
    location = unique("Aula")
    saved = call(deployment, "save_incident", incident(location=location, urgency="low"))

    mailed = call(deployment, "publish_sns", saved | {"urgency": urgency})

    assert mailed is expected
    if expected:
        assert mailbox.about(location)["MessageAttributes"]["urgency"]["Value"] == urgency
