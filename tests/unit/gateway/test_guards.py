"""The gateway's guards: allowed origins, and TLS."""

import datetime
import http.client
import json
from pathlib import Path

import pytest
from websockets.sync.client import connect

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.domain.change import Position
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.core import Route
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation
from tests.support.certificates import self_signed, server_context, trusting_context
from tests.unit.gateway.running import Recorder, gateway

HTTP = {"http": Recorder({"statusCode": 200, "body": "{}"}), "http_routes": ("GET /incidents",)}


def ask(port: int, method: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/incidents", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("origin", "allowed"), [("http://localhost:3000", True), ("https://malo.example", False)]
)
def test_only_pages_of_allowed_origins_may_read_answers(origin: str, allowed: bool) -> None:
    with gateway({}, origins=Origins(), **HTTP) as running:  # type: ignore[arg-type]
        answer = ask(running.port, "GET", Origin=origin)
        preflight = ask(running.port, "OPTIONS", Origin=origin)

    expected = origin if allowed else None
    assert answer.getheader("Access-Control-Allow-Origin") == expected
    assert preflight.getheader("Access-Control-Allow-Origin") == expected
    assert preflight.status == (204 if allowed else 404)


def test_sockets_and_requests_go_through_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server, client = server_context(certificate), trusting_context(certificate)
    echo = Route(Recorder({"statusCode": 200, "body": "sí"}), two_way=True)

    with (
        gateway({"$default": echo}, tls=server) as running,
        connect(running.ws_url.replace("ws:", "wss:"), ssl=client) as socket,
    ):
        socket.send("hola")
        answer = socket.recv(timeout=10)
        [opened] = running.hub.sockets.all()
        in_an_hour = SystemClock().now() + datetime.timedelta(hours=1)
        running.hub.connections.save(Connection(opened.client.connection_id, T0, in_an_hour))
        [posted] = running.hub.subscribers.broadcast([creation().committed(Position("e", 7))])

        assert answer == "sí"
        assert posted.delivered == 1
        assert json.loads(socket.recv(timeout=10))["position"] == "e:7"
