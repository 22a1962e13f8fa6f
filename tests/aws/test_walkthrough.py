"""The founding walkthrough on the deployed stack: two clients, one incident, one e-mail."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.ports.connections import Connection
from tests.aws.conftest import Mailbox
from tests.conformance.targets import http_request
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import SEED_INCIDENT, SEED_MESSAGE, has, incident, unique
from tests.support.wsclient import WsClient


def test_the_seed_message_reaches_both_clients_and_its_sender_gets_nothing_else(
    deployment: Deployment,
) -> None:
    with WsClient(deployment.ws_url) as sender, WsClient(deployment.ws_url) as listener:
        sender.send_text(SEED_MESSAGE)

        heard = listener.wait(lambda frame: has(frame, SEED_INCIDENT))
        echoed = sender.wait_update(heard["incident"]["incidentId"])
        sender.ping()

    assert echoed == heard
    assert [frame["type"] for frame in sender.frames] == ["incident_update", "pong"]


def test_an_incident_and_its_change_are_in_their_tables(deployment: Deployment) -> None:
    location = unique("Aula")

    with WsClient(deployment.ws_url) as client:
        ack = client.notify(incident(location=location, urgency="medium"))

    key = {"incidentId": {"S": ack["incidentId"]}}
    stored = _item(deployment, "IncidentsTable", key)
    change = _item(
        deployment, "ChangesTable", {"feed": {"S": "main"}, "seq": {"N": str(ack["seq"])}}
    )
    assert stored["location"] == {"S": location}
    assert change["incidentId"] == key["incidentId"]
    assert change["urgency"] == {"S": "medium"}


def test_an_alarm_goes_out_with_attributes_and_low_urgency_sends_none(
    deployment: Deployment, mailbox: Mailbox
) -> None:
    quiet, loud = unique("Patio"), unique("Aula")

    with WsClient(deployment.ws_url) as client:
        client.notify(incident(location=quiet, urgency="low"))
        ack = client.notify(incident(location=loud, urgency="high", type="Fuga"))
    mail = mailbox.about(loud)

    attributes = {name: one["Value"] for name, one in mail["MessageAttributes"].items()}
    at = _item(deployment, "IncidentsTable", {"incidentId": {"S": ack["incidentId"]}})
    made = datetime.fromisoformat(at["createdAt"]["S"]).astimezone(ZoneInfo("America/Lima"))
    assert attributes == {
        "urgency": "high",
        "type": "Fuga",
        "location": loud,
        "type_key": "fuga",
        "location_key": loud.casefold(),
        "minute": str(made.hour * 60 + made.minute),
        "weekday": f"{made:%a}".lower(),
        "event": "new",
        "drill": "false",
    }
    assert mail["Subject"] == f"[Alerta UTEC] ALTA: Fuga - {loud}"
    # With the link to the panel.
    assert f"/#i={ack['incidentId']}" in mail["Message"]
    assert "America/Lima" in mail["Message"]
    assert quiet not in mailbox.locations()


def test_a_subscription_can_filter_drills_by_their_attribute(
    deployment: Deployment, mailbox: Mailbox
) -> None:
    place = unique("Torre")

    with WsClient(deployment.ws_url) as client:
        client.notify(incident(location=place, urgency="high", drill=True))
    mail = mailbox.about(place)

    assert mail["MessageAttributes"]["drill"]["Value"] == "true"
    assert mail["Subject"].startswith("[Alerta UTEC] SIMULACRO - ALTA: ")


def test_a_broadcast_removes_the_rows_of_gone_connections(
    deployment: Deployment,
) -> None:
    connection_id = unique("gone")
    opened = datetime.now(UTC) - timedelta(minutes=5)
    connections = DynamoConnections(
        deployment.client("dynamodb"), deployment.outputs["ConnectionsTable"], SystemClock()
    )
    connections.save(Connection(connection_id, opened, opened + timedelta(hours=2)))

    with WsClient(deployment.ws_url) as client:
        client.notify(incident())

    key = {"connectionId": {"S": connection_id}}
    eventually(lambda: not _item(deployment, "ConnectionsTable", key), "the row's removal")


def test_the_row_of_a_client_that_leaves_is_deleted(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        key = {"connectionId": {"S": client.ping()["connectionId"]}}
        while_open = _item(deployment, "ConnectionsTable", key)

    assert while_open
    eventually(lambda: not _item(deployment, "ConnectionsTable", key), "the row's removal")


def test_http_shows_what_was_submitted_over_the_socket(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        ack = client.notify(incident(location=unique("Aula")))

    shown = http_request("GET", f"{deployment.http_url}/incidents/{ack['incidentId']}")

    assert shown.status == 200
    assert shown.json()["incident"]["seq"] == ack["seq"]
    assert [entry["revision"] for entry in shown.json()["history"]] == [1]


def _item(deployment: Deployment, table: str, key: dict[str, Any]) -> dict[str, Any]:
    answer = deployment.client("dynamodb").get_item(
        TableName=deployment.outputs[table], Key=key, ConsistentRead=True
    )
    return dict(answer.get("Item", {}))
