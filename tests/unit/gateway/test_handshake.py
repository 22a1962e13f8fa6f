"""Handshakes: accepted, refused, broken and unfinished ones."""

import http.client
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from alerta_utec.gateway.core import Route
from alerta_utec.gateway.limits import Limits
from tests.unit.gateway.running import STAGE, Recorder, Running, gateway


def refused(running: Running, path: str = f"/{STAGE}") -> InvalidStatus:
    url = f"ws://127.0.0.1:{running.port}{path}"
    with pytest.raises(InvalidStatus) as caught, connect(url):
        pass
    return caught.value


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 503])
def test_a_status_other_than_2xx_answers_the_handshake(status: int) -> None:
    recorder = Recorder({"statusCode": status, "body": "no"})

    with gateway({"$connect": Route(recorder)}) as running:
        refusal = refused(running)

    assert refusal.response.status_code == status
    assert refusal.response.body == b"no"


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_opens_the_socket(status: int) -> None:
    recorder = Recorder({"statusCode": status})

    with gateway({"$connect": Route(recorder)}) as running, connect(running.ws_url) as client:
        assert client.response is not None
        assert client.response.status_code == 101


@pytest.mark.parametrize(
    "response", [ValueError("x"), None, "200", {}, {"statusCode": "200"}, {"statusCode": True}]
)
def test_an_exception_or_a_malformed_response_of_connect_is_502(response: object) -> None:
    recorder = Recorder(response)

    with gateway({"$connect": Route(recorder)}) as running:
        refusal = refused(running)

    assert refusal.response.status_code == 502


def test_a_slow_connect_is_502() -> None:
    blocker = Recorder()

    def slow(event: dict[str, object], context: object) -> object:
        blocker.arrived.acquire(timeout=2)
        return {"statusCode": 200}

    with gateway({"$connect": Route(slow)}, limits=Limits(handler_s=0.05)) as running:
        refusal = refused(running)
        blocker.arrived.release()

    assert refusal.response.status_code == 502


def test_a_subprotocol_is_selected_only_by_the_handler() -> None:
    selecting = Recorder({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "alerta.v1"}})

    with (
        gateway({"$connect": Route(selecting)}) as running,
        connect(running.ws_url, subprotocols=["otro", "alerta.v1"]) as client,  # type: ignore[list-item]
    ):
        assert client.subprotocol == "alerta.v1"


def test_no_subprotocol_is_returned_if_the_handler_selects_none() -> None:
    with (
        gateway({"$connect": Route(Recorder())}) as running,
        connect(running.ws_url, subprotocols=["alerta.v1"]) as client,  # type: ignore[list-item]
    ):
        assert client.subprotocol is None


@pytest.mark.parametrize("path", ["/", "/prod", "/dev/x", "/DEV"])
def test_another_path_is_403(path: str) -> None:
    with gateway({}) as running:
        refusal = refused(running, path)

    assert refusal.response.status_code == 403


def test_a_slash_after_the_stage_is_the_same_path() -> None:
    with gateway({}) as running, connect(running.ws_url + "/") as client:
        assert client.response is not None
        assert client.response.status_code == 101


@pytest.mark.parametrize(("length", "status"), [(4096, 101), (4097, 414)])
def test_a_url_takes_4096_characters(length: int, status: int) -> None:
    path = f"/{STAGE}?q="
    path += "x" * (length - len(path))

    with gateway({}) as running:
        answer = handshake(running.port, path)

    assert answer == status


def test_a_broken_handshake_never_runs_connect() -> None:
    recorder = Recorder()

    with gateway({"$connect": Route(recorder)}) as running:
        status = handshake(running.port, f"/{STAGE}", key="corto")

    assert status == 400
    assert recorder.events == []


def test_posting_to_a_connection_within_its_own_connect_finds_it_gone() -> None:
    posted = []

    def posting(event: dict[str, dict[str, str]], context: object) -> object:
        posted.append(running.hub.poster.post([event["requestContext"]["connectionId"]], "hola"))
        return {"statusCode": 200}

    with gateway({"$connect": Route(posting)}) as running, connect(running.ws_url):
        pass

    assert len(posted[0].gone) == 1


def test_a_handshake_that_never_ends_is_cut_off() -> None:
    with (
        gateway({}, limits=Limits(handshake_s=0.2)) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=10) as slow,
    ):
        slow.sendall(b"GET /dev HTTP/1.1\r\nHost: x\r\n")
        ended = slow.recv(1024)

    assert ended == b""


def handshake(port: int, path: str, *, key: str = "AAAAAAAAAAAAAAAAAAAAAA==") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    connection.request("GET", path, headers=headers | {"Sec-WebSocket-Key": key})
    status = connection.getresponse().status
    connection.close()
    return status
