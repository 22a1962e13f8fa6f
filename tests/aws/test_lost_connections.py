"""A client whose row in the table of connections is lost hears broadcasts again."""

from collections.abc import Iterator

import pytest

from tests.support.deployment import Deployment
from tests.support.incidents import incident, unique
from tests.support.wsclient import Frame, WsClient


@pytest.fixture
def lost(deployment: Deployment) -> Iterator[WsClient]:
    """Yield a client with a subprotocol and a filter, whose row has been deleted."""
    with WsClient(
        f"{deployment.ws_url}?location={unique('Torre')}", subprotocols=["alerta.v2"]
    ) as client:
        deployment.client("dynamodb").delete_item(
            TableName=deployment.outputs["ConnectionsTable"],
            Key={"connectionId": {"S": client.ping()["connectionId"]}},
        )
        yield client


MESSAGES: dict[str, Frame] = {
    "ping": {"action": "ping"},
    "sync": {"action": "sync"},
    "subscribe": {"action": "subscribe", "filter": {}},
    "notify": {"action": "notify", "incident": incident()},
}


@pytest.mark.parametrize("action", MESSAGES)
def test_a_message_puts_the_row_back_and_the_pong_says_that_the_filter_is_lost(
    deployment: Deployment, lost: WsClient, action: str
) -> None:
    answer = lost.request(MESSAGES[action])
    pong = lost.ping()
    with WsClient(deployment.ws_url) as other:
        ack = other.notify(incident())

    assert answer["type"] != "error"
    assert pong["restored"] is True
    assert lost.wait_update(ack["incidentId"])["type"] == "incident_update"


def test_a_client_of_which_nothing_is_lost_is_not_restored(deployment: Deployment) -> None:
    with WsClient(deployment.ws_url) as client:
        assert "restored" not in client.ping()
