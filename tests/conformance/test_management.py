"""``@connections``: the AWS SDK's calls, unchanged."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.targets import Target, http_request
from tests.support.eventually import eventually
from tests.support.wsclient import DELIVERY_S, WsClient

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

LIMIT = 128 * 1024
# The tolerated difference between a deployment's clock and this machine's.
SKEW = timedelta(seconds=5)


@pytest.mark.parametrize(
    "data",
    ["hola", '{"x":"x",  "ñ": "🔥"}', " ", "x" * LIMIT],
    ids=["plain", "json", "space", "128KB"],
)
def test_a_posted_frame_reaches_the_client_verbatim(
    target: Target, client: WsClient, data: str
) -> None:
    connection_id = client.ping()["connectionId"]

    answer = target.management().post_to_connection(ConnectionId=connection_id, Data=data.encode())

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.wait_text(data)


def test_posted_bytes_that_are_not_utf_8_are_replaced(target: Target, client: WsClient) -> None:
    connection_id = client.ping()["connectionId"]

    target.management().post_to_connection(ConnectionId=connection_id, Data=b"a\xffb")

    client.wait_text("a\ufffdb")


def test_posts_to_one_client_arrive_in_order_and_at_no_other(
    target: Target, clients: tuple[WsClient, WsClient]
) -> None:
    one, other = clients
    connection_id = one.ping()["connectionId"]
    management = target.management()
    sent = [f"número {number}" for number in range(10)]

    for text in sent:
        management.post_to_connection(ConnectionId=connection_id, Data=text.encode())

    one.wait_text(sent[-1])
    other.ping()
    assert [text for text in one.texts if text.startswith("número")] == sent
    assert not any(text.startswith("número") for text in other.texts)


def test_get_describes_the_connection(target: Target) -> None:
    before = datetime.now(UTC)
    with target.connect(headers={"User-Agent": "alerta-test/1"}) as client:
        connection_id = client.ping()["connectionId"]

        found: Any = target.management().get_connection(ConnectionId=connection_id)

        assert found["ResponseMetadata"]["HTTPStatusCode"] == 200
        if target.differs("get_connection_keys"):
            assert found.keys() == {"ResponseMetadata"}
            return
        after = datetime.now(UTC)
    assert found["Identity"]["SourceIp"]
    assert "alerta-test/1" in found["Identity"]["UserAgent"]
    assert before - SKEW < found["ConnectedAt"] <= found["LastActiveAt"] < after + SKEW


def test_delete_closes_the_socket(target: Target, client: WsClient) -> None:
    connection_id = client.ping()["connectionId"]
    management = target.management()

    answer = management.delete_connection(ConnectionId=connection_id)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    client.wait_closed()
    assert wait_refused(management, connection_id) == ("GoneException", 410)


def test_a_client_that_left_is_gone(target: Target) -> None:
    with target.connect() as client:
        connection_id = client.ping()["connectionId"]
    management = target.management()

    assert wait_refused(management, connection_id) == ("GoneException", 410)

    assert refusal(management.get_connection, ConnectionId=connection_id)[1] == 410
    assert refusal(management.delete_connection, ConnectionId=connection_id)[1] == 410


def test_a_malformed_connection_id_is_a_bad_request(target: Target) -> None:
    management = target.management()

    code, status = refusal(management.post_to_connection, ConnectionId="not base64!", Data=b"x")

    if target.differs("malformed_connection_id"):
        assert (code, status) == ("GoneException", 410)
    else:
        assert (code, status) == ("BadRequestException", 400)


def test_a_well_formed_unknown_connection_id_is_gone(target: Target) -> None:
    management = target.management()

    refused = refusal(management.post_to_connection, ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")

    assert refused == ("GoneException", 410)


def test_a_post_over_128_kb_is_too_large(target: Target, client: WsClient) -> None:
    connection_id = client.ping()["connectionId"]
    management, data = target.management(), b"x" * (LIMIT + 1)

    if target.differs("post_over_128_kb"):
        management.post_to_connection(ConnectionId=connection_id, Data=data)
        client.wait_text(data.decode())
        return
    refused = refusal(management.post_to_connection, ConnectionId=connection_id, Data=data)

    assert refused == ("PayloadTooLargeException", 413)
    assert client.ping()["type"] == "pong"
    assert all(len(text) <= LIMIT for text in client.texts)


def test_an_unsigned_call_is_forbidden_and_delivers_nothing(
    target: Target, client: WsClient
) -> None:
    path = target.management_path(client.ping()["connectionId"])

    answer = http_request("POST", path, b"unsigned")

    assert answer.status == 403
    client.ping()
    assert "unsigned" not in client.texts


def refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    """Return the code and status of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def wait_refused(
    management: "ApiGatewayManagementApiClient", connection_id: str
) -> tuple[str, int]:
    """Wait for a post to be refused; the service notices with delay that a client left."""

    def refused() -> bool:
        try:
            management.post_to_connection(ConnectionId=connection_id, Data=b"?")
        except ClientError:
            return True
        return False

    eventually(refused, "a post is refused", within_s=DELIVERY_S)
    return refusal(management.post_to_connection, ConnectionId=connection_id, Data=b"?")
