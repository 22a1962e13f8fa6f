"""The founding document's walkthrough on one machine, from two clients to the restart."""

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.e2e.wscat import Wscat
from tests.support.incidents import SEED_INCIDENT, SEED_MESSAGE, has
from tests.support.server import Server
from tests.support.wsclient import WsClient


def test_two_plain_clients_get_the_incident_and_it_survives_a_restart(serve: ServeFactory) -> None:
    server = serve()
    with WsClient(server.ws_url) as sender, WsClient(server.ws_url) as listener:
        sender.send_text(SEED_MESSAGE)

        told = [c.wait(lambda frame: has(frame, SEED_INCIDENT)) for c in (sender, listener)]

    assert told[0] == told[1]
    assert server.stop() == 0
    server.start()
    assert listed(server) == [told[0]["incident"]]
    shown = http_request("GET", f"{server.http_url}/incidents/{told[0]['incident']['incidentId']}")
    assert shown.json()["incident"] == told[0]["incident"]


def test_two_wscats_get_the_incident_and_it_survives_a_restart(serve: ServeFactory) -> None:
    server = serve()
    with Wscat(server.ws_url) as sender, Wscat(server.ws_url) as listener:
        sender.type_line(SEED_MESSAGE)

        told = [wscat.wait_update() for wscat in (sender, listener)]

        assert told[0] == told[1]
        assert has(told[0], SEED_INCIDENT)
        assert sender.received == listener.received == [told[0]]
        assert sender.press_control_c() == 0
    server.stop()
    server.start()
    assert listed(server) == [told[0]["incident"]]


def test_wscat_shows_the_refusal_of_a_bad_message(server: Server) -> None:
    with Wscat(server.ws_url) as wscat:
        wscat.type_line('{"action":"hola"}')

        wscat.wait("error", lambda: bool(wscat.received))

        assert wscat.received[0]["code"] == "unknown_action"
        assert "notify" in wscat.received[0]["message"]


def test_a_client_that_reconnects_resumes_in_the_same_feed(serve: ServeFactory) -> None:
    server = serve()
    with WsClient(server.ws_url) as client:
        ack = client.request({"action": "notify", "incident": SEED_INCIDENT, "idempotencyKey": "k"})
        position = client.ping()["position"]
    server.stop()
    server.start()

    with WsClient(server.ws_url) as client:
        back_at = client.ping()["position"]
        again = client.request(
            {"action": "notify", "incident": SEED_INCIDENT, "idempotencyKey": "k"}
        )
        new = client.notify(SEED_INCIDENT)

    assert back_at == position
    assert again["duplicate"] is True
    assert again["incidentId"] == ack["incidentId"]
    assert new["seq"] == ack["seq"] + 1


def test_no_compression_is_negotiated(server: Server) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}

    with WsClient(server.ws_url, headers=offer) as client:
        response = client.connection.response

    assert response is not None
    assert "Sec-WebSocket-Extensions" not in response.headers


def listed(server: Server) -> list[dict[str, object]]:
    """Return every incident of the HTTP API's listing."""
    incidents: list[dict[str, object]] = http_request(
        "GET", f"{server.http_url}/incidents?limit=200"
    ).json()["incidents"]
    return incidents
