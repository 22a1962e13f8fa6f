"""``@connections`` on the local gateway: calls of an unmodified boto3, and plain HTTP requests."""

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from alerta_utec.gateway.core import Route
from tests.unit.gateway.running import Recorder, Running, gateway

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
UNKNOWN = "AAAAAAAAAAAAAAA="


@pytest.fixture(scope="module")
def open_socket() -> Iterator[tuple[Running, ClientConnection, str]]:
    recorder = Recorder()
    with gateway({"$connect": Route(recorder)}) as running, connect(running.ws_url) as client:
        yield running, client, recorder.next()["requestContext"]["connectionId"]


Open = tuple[Running, ClientConnection, str]


def management(running: Running) -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{running.http_url}/dev",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )


def status(running: Running, path: str, headers: dict[str, str], method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_boto3_posts_to_a_client(open_socket: Open) -> None:
    running, client, connection_id = open_socket

    response = management(running).post_to_connection(
        ConnectionId=connection_id, Data=b"hola \xc3\xb1"
    )

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert client.recv(timeout=10) == "hola ñ"


def test_boto3_gets_a_connection(open_socket: Open) -> None:
    running, _, connection_id = open_socket

    response = management(running).get_connection(ConnectionId=connection_id)

    assert datetime.now(UTC) - response["ConnectedAt"] < timedelta(minutes=1)
    assert response["LastActiveAt"] >= response["ConnectedAt"]
    assert response["Identity"]["SourceIp"] == "127.0.0.1"
    assert response["Identity"]["UserAgent"].startswith("Python")


def test_boto3_deletes_a_connection() -> None:
    recorder = Recorder()

    with gateway({"$connect": Route(recorder)}) as running, connect(running.ws_url) as client:
        connection_id = recorder.next()["requestContext"]["connectionId"]
        response = management(running).delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize("verb", ["post_to_connection", "get_connection", "delete_connection"])
def test_an_unknown_connection_is_gone(open_socket: Open, verb: str) -> None:
    client = management(open_socket[0])
    arguments = {"Data": b"x"} if verb == "post_to_connection" else {}

    with pytest.raises(client.exceptions.GoneException) as caught:
        getattr(client, verb)(ConnectionId=UNKNOWN, **arguments)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


@pytest.mark.parametrize(("size", "refused"), [(128 * 1024, False), (128 * 1024 + 1, True)])
def test_a_payload_takes_128_kb(size: int, refused: bool) -> None:
    recorder = Recorder()

    with (
        gateway({"$connect": Route(recorder)}) as running,
        connect(running.ws_url, max_size=None),
    ):
        connection_id = recorder.next()["requestContext"]["connectionId"]
        client = management(running)
        try:
            client.post_to_connection(ConnectionId=connection_id, Data=b"x" * size)
            failed = False
        except client.exceptions.PayloadTooLargeException:
            failed = True

    assert failed == refused


def test_a_malformed_id_is_400(open_socket: Open) -> None:
    with pytest.raises(ClientError) as caught:
        management(open_socket[0]).get_connection(ConnectionId="no es un id")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unsigned_call_is_403(open_socket: Open) -> None:
    assert status(open_socket[0], f"/dev/@connections/{UNKNOWN}", {}) == 403


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"])
def test_a_call_through_a_proxy_is_403(open_socket: Open, name: str) -> None:
    headers = SIGNED | {name: "203.0.113.7"}

    assert status(open_socket[0], f"/dev/@connections/{UNKNOWN}", headers) == 403


@pytest.mark.parametrize(
    "path",
    ["/dev/@connections/..%2f..%2fetc", "/dev/@connections/%00", "/dev/@connections/a/b/../c?"],
)
def test_a_path_with_parent_folders_is_refused(open_socket: Open, path: str) -> None:
    assert status(open_socket[0], path, SIGNED) in {400, 410}


def test_another_stage_or_method_is_refused(open_socket: Open) -> None:
    running = open_socket[0]

    assert status(running, f"/prod/@connections/{UNKNOWN}", SIGNED) == 404
    assert status(running, f"/dev/@connections/{UNKNOWN}", SIGNED, "PUT") == 403


def test_the_id_may_be_url_encoded(open_socket: Open) -> None:
    running, _, connection_id = open_socket
    encoded = "".join(f"%{ord(c):02X}" for c in connection_id)

    assert status(running, f"/dev/@connections/{encoded}", SIGNED) == 200
