"""``ping``: the position, and how long the connection lasts."""

import re
from datetime import UTC, datetime, timedelta

from alerta_utec.domain.change import Position
from alerta_utec.domain.values import parse_time
from tests.conformance.targets import Target
from tests.support.incidents import incident
from tests.support.wsclient import WsClient

# The tolerated difference between a deployment's clock and this machine's.
SKEW = timedelta(seconds=5)


def test_a_pong_has_exactly_the_fields_of_the_protocol(client: WsClient) -> None:
    pong = client.request({"action": "ping"})

    fields = {"type", "position", "expiresAt", "connectionId", "heartbeatSeconds", "requestId"}
    assert pong.keys() == fields
    assert pong["type"] == "pong"


def test_a_ping_without_request_id_is_answered_too(client: WsClient) -> None:
    client.send_text('{"action":"ping"}')

    pong = client.wait(lambda frame: frame.get("type") == "pong")
    assert "requestId" not in pong


def test_the_connection_id_looks_like_api_gateways(target: Target, client: WsClient) -> None:
    connection_id = client.ping()["connectionId"]

    if target.differs("connection_id_shape"):
        assert re.fullmatch(r"[0-9a-f]{16}", connection_id)
    else:
        assert re.fullmatch(r"[A-Za-z0-9+/_-]{15}=", connection_id)


def test_the_connection_expires_two_hours_after_it_began(target: Target) -> None:
    before = datetime.now(UTC)
    with target.connect() as client:
        after = datetime.now(UTC)

        first = parse_time(client.ping()["expiresAt"])
        second = parse_time(client.ping()["expiresAt"])

    assert before - SKEW <= first - timedelta(hours=2) <= after + SKEW
    assert first == second


def test_the_position_moves_when_an_incident_is_stored(target: Target, client: WsClient) -> None:
    earlier = Position.parse(client.ping()["position"])

    ack = client.notify(incident())

    later = Position.parse(client.ping()["position"])
    assert later.epoch == earlier.epoch
    assert later.seq >= ack["seq"] > earlier.seq
    if not target.shared:
        assert later.seq == ack["seq"] == earlier.seq + 1


def test_pings_may_overtake_each_other_but_each_has_its_answer(client: WsClient) -> None:
    for number in range(20):
        client.send({"action": "ping", "requestId": f"p{number}"})

    for number in range(20):
        wanted = f"p{number}"
        assert client.wait(lambda f, w=wanted: f.get("requestId") == w)["type"] == "pong"  # type: ignore[misc]
