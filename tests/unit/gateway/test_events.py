"""Events: handlers receive the shapes that API Gateway makes."""

import re
import socket
from typing import Any

from websockets.sync.client import connect

from alerta_utec.gateway.core import Route
from tests.unit.gateway.running import STAGE, Recorder, gateway

CONTEXT_KEYS = {
    "routeKey",
    "eventType",
    "extendedRequestId",
    "requestTime",
    "messageDirection",
    "stage",
    "connectedAt",
    "requestTimeEpoch",
    "identity",
    "requestId",
    "domainName",
    "connectionId",
    "apiId",
}
ID = re.compile(r"[A-Za-z0-9+/]{15}=")
COMMON_LOG_TIME = re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000")


def check_context(context: dict[str, Any], route_key: str, event_type: str) -> None:
    assert context["routeKey"] == route_key
    assert context["eventType"] == event_type
    assert context["stage"] == STAGE
    assert context["messageDirection"] == "IN"
    assert context["requestId"] == context["extendedRequestId"]
    assert ID.fullmatch(context["connectionId"])
    assert ID.fullmatch(context["requestId"])
    assert COMMON_LOG_TIME.fullmatch(context["requestTime"])
    assert abs(context["requestTimeEpoch"] - context["connectedAt"]) < 60_000


def test_connect_has_the_handshakes_headers_and_no_body() -> None:
    recorder = Recorder()

    with (
        gateway({"$connect": Route(recorder)}) as running,
        connect(running.ws_url, additional_headers=[("X-Two", "a"), ("X-Two", "b")]),
    ):
        event = recorder.next()

    check_context(event["requestContext"], "$connect", "CONNECT")
    assert event["requestContext"].keys() == CONTEXT_KEYS
    assert event["headers"]["Host"] == f"127.0.0.1:{running.port}"
    assert event["headers"]["X-Two"] == "b"
    assert event["multiValueHeaders"]["X-Two"] == ["a", "b"]
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert "userAgent" in event["requestContext"]["identity"]
    assert event["isBase64Encoded"] is False
    assert not {"body", "queryStringParameters"} & event.keys()


def test_connect_has_the_query_only_if_there_is_one() -> None:
    recorder = Recorder()

    with (
        gateway({"$connect": Route(recorder)}) as running,
        connect(f"{running.ws_url}?lang=en&lang=es&x=%C3%B1&empty="),
    ):
        event = recorder.next()

    assert event["queryStringParameters"] == {"lang": "es", "x": "ñ", "empty": ""}
    assert event["multiValueQueryStringParameters"]["lang"] == ["en", "es"]


def test_a_message_has_a_body_and_an_id_and_no_headers() -> None:
    recorder = Recorder()

    with gateway({"$default": Route(recorder)}) as running, connect(running.ws_url) as client:
        client.send("hola")
        event = recorder.next()

    check_context(event["requestContext"], "$default", "MESSAGE")
    assert event["requestContext"].keys() == CONTEXT_KEYS | {"messageId"}
    assert event["body"] == "hola"
    assert event.keys() == {"requestContext", "body", "isBase64Encoded"}


def test_a_disconnect_has_the_code_and_the_reason() -> None:
    recorder = Recorder()

    with gateway({"$disconnect": Route(recorder)}) as running:
        with connect(running.ws_url) as client:
            client.close(4001, "adiós")
        event = recorder.next()

    context = event["requestContext"]
    check_context(context, "$disconnect", "DISCONNECT")
    assert context.keys() == CONTEXT_KEYS | {"disconnectStatusCode", "disconnectReason"}
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4001, "adiós")
    assert event["headers"].keys() == {"Host", "x-api-key", "X-Forwarded-For", "x-restapi"}


def test_a_close_without_a_status_is_1005() -> None:
    recorder = Recorder()

    with gateway({"$disconnect": Route(recorder)}) as running, connect(running.ws_url) as client:
        client.socket.sendall(b"\x88\x80\x00\x00\x00\x00")
        context = recorder.next()["requestContext"]

    assert context["disconnectStatusCode"] == 1005
    assert context["disconnectReason"] == "Client-side close frame status not set"


def test_a_broken_connection_is_1006() -> None:
    recorder = Recorder()

    with gateway({"$disconnect": Route(recorder)}) as running, connect(running.ws_url) as client:
        client.socket.shutdown(socket.SHUT_RDWR)
        context = recorder.next()["requestContext"]

    assert context["disconnectStatusCode"] == 1006


def test_connected_at_and_the_id_stay_the_same_for_a_connection() -> None:
    recorder = Recorder()
    routes = {key: Route(recorder) for key in ("$connect", "$default", "$disconnect")}

    with gateway(routes) as running:
        with connect(running.ws_url) as client:
            client.send("uno")
        for _ in range(3):
            recorder.next()

    contexts = [event["requestContext"] for event in recorder.events]
    assert len({(c["connectionId"], c["connectedAt"]) for c in contexts}) == 1
    assert len({c["requestId"] for c in contexts}) == 3
