"""HTTP to ``@connections``: kept connections, and servers that misbehave."""

from collections.abc import Sequence
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import (
    KEPT_S,
    ApiResponse,
    ConnectionsHttp,
    NoResponse,
)
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials, Payload
from tests.support.emulator import free_port
from tests.unit.adapters.aws.connections_api.fake_api import CREDENTIALS, ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import connections_http
from tests.unit.adapters.aws.connections_api.raw_peer import OK, RawPeer

ID = "BFHPhfCWIAMCKlQ="
FRAME = Payload.of('{"hola":"ñ"}'.encode())


def request(http: ConnectionsHttp, method: str = "POST", name: str = ID) -> ApiResponse:
    """Send one request over a channel of its own."""
    with http.channel(http.signer()) as channel:
        return channel.request(method, name, FRAME)


def refusal(http: ConnectionsHttp) -> NoResponse:
    """Return the error of a request that gets no response."""
    with pytest.raises(NoResponse) as caught:
        request(http)
    return caught.value


def at(peer: RawPeer, *, read_timeout_s: float = 5.0) -> ConnectionsHttp:
    return connections_http(f"http://127.0.0.1:{peer.port}/dev", read_timeout_s=read_timeout_s)


def test_several_requests_share_one_connection() -> None:
    with RawPeer([OK, OK, OK]) as peer:
        http = at(peer)

        statuses = [request(http).status for _ in range(3)]

        http.close()
    assert statuses == [200, 200, 200]
    assert len(peer.requests) == 1
    assert peer.requests[0][0].startswith(b"POST /dev/@connections/BFHPhfCWIAMCKlQ%3D HTTP/1.1\r\n")
    assert peer.requests[0][0].count(b"\r\nHost: 127.0.0.1:") == 1
    assert peer.requests[0][0].endswith(b"\r\n\r\n" + FRAME.data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(name=st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", "..")))
def test_any_connection_id_arrives_unchanged_and_signed(api: ConnectionsApi, name: str) -> None:
    http = connections_http(api.url)

    answer = request(http, name=name)

    http.close()
    assert answer == ApiResponse(200)
    assert api.frames.pop(name) == [FRAME.data.decode()]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nabc",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65536,
    ],
)
def test_a_response_of_known_length_leaves_its_connection_open(answer: bytes) -> None:
    with RawPeer([answer, answer]) as peer:
        http = at(peer)

        statuses = {request(http).status for _ in range(2)}

        http.close()
    assert statuses < {200, 204}
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 Ha",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    ],
)
def test_a_response_of_unknown_length_counts_and_ends_its_connection(answer: bytes) -> None:
    with RawPeer([answer], [OK]) as peer:
        http = at(peer)

        statuses = [request(http).status, request(http).status]

        http.close()
    assert statuses == [200, 200]
    assert len(peer.requests) == 2


def test_a_response_carries_the_name_of_its_error() -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nX-Amzn-ErrorType: ExpiredTokenException:http://x\r\n\r\n"
    with RawPeer([answer]) as peer:
        assert request(at(peer)) == ApiResponse(403, "ExpiredTokenException")


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    with RawPeer([OK], [OK]) as peer:
        http = at(peer)
        first = request(http)
        peer.wait_closed(1)

        second = request(http)

        http.close()
    assert (first.status, second.status) == (200, 200)
    assert [len(requests) for requests in peer.requests] == [1, 1]


def test_a_kept_connection_that_dies_during_a_request_is_replaced_once() -> None:
    with RawPeer([OK, b""], [OK]) as peer:
        http = at(peer)
        request(http)

        answer = request(http)

        http.close()
    assert answer.status == 200
    assert [len(requests) for requests in peer.requests] == [2, 1]


def test_a_request_over_a_new_connection_that_closes_is_not_repeated() -> None:
    with RawPeer([b""], [OK]) as peer:
        error = refusal(at(peer))

    assert (str(error), error.retryable) == ("ConnectionClosed", True)
    assert len(peer.requests) == 1


def test_an_unexpected_response_is_never_taken_for_that_of_a_request() -> None:
    with RawPeer([OK, b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"], [OK]) as peer:
        http = at(peer)
        with http.channel(http.signer()) as channel:
            channel.request("POST", ID, FRAME)
            # A second request without a reader: its answer is there before the next request.
            kept = channel._connection
            assert kept is not None
            kept.sock.sendall(peer.requests[0][0])
            peer.wait_closed(1)

        answer = request(http)

        http.close()
    assert answer.status == 200


def test_a_connection_that_was_kept_for_too_long_is_not_reused() -> None:
    now = [1000.0]
    with RawPeer([OK, OK, None], [OK]) as peer:
        http = ConnectionsHttp(
            ApiAddress(f"http://127.0.0.1:{peer.port}"),
            lambda: CREDENTIALS,
            region="r",
            keep=1,
            connect_timeout_s=2,
            read_timeout_s=5,
            wall_clock=lambda: now[0],
        )
        request(http)
        now[0] += KEPT_S - 0.001
        request(http)
        now[0] += KEPT_S

        request(http)

        http.close()
    assert [len(requests) for requests in peer.requests] == [2, 1]


def test_no_more_connections_are_kept_than_allowed() -> None:
    with RawPeer([OK], [OK, None]) as peer:
        http = connections_http(f"http://127.0.0.1:{peer.port}", keep=1)
        signer = http.signer()
        with http.channel(signer) as first:
            first.request("GET", ID)
            peer.wait_closed(1)
            with http.channel(signer) as second:
                second.request("GET", ID)

        assert len(http._kept) == 1

        http.close()


@pytest.mark.parametrize(
    ("script", "reason", "again"),
    [
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], "ConnectionClosed", True),
        ([b"hola\r\n\r\n"], "BadStatusLine", False),
        ([b"HTTP/1.0 200 OK\r\n\r\n"], "UnknownProtocol", False),
        ([b"x" * 70_000], "LineTooLong", False),
        ([None], "ReadTimeout", False),
    ],
)
def test_a_malformed_response_raises_no_response(
    script: Sequence[bytes | None], reason: str, again: bool
) -> None:
    with RawPeer(script) as peer:
        error = refusal(at(peer, read_timeout_s=0.3))

    assert (str(error), error.retryable) == (reason, again)


def test_a_refused_connection_raises_no_response() -> None:
    error = refusal(connections_http(f"http://127.0.0.1:{free_port()}/dev"))

    assert (str(error), error.retryable) == ("ConnectConnectionRefusedError", True)


def test_each_signer_asks_for_the_current_credentials() -> None:
    current = [Credentials("one", "s", "t1"), Credentials("two", "s", "t2")]
    with RawPeer([OK, OK]) as peer:
        http = ConnectionsHttp(
            ApiAddress(f"http://127.0.0.1:{peer.port}"),
            lambda: current.pop(0),
            region="r",
            keep=1,
            connect_timeout_s=2,
            read_timeout_s=5,
        )

        request(http)
        request(http)

        http.close()
    (first, second) = peer.requests[0]
    assert b"Credential=one/" in first
    assert b"X-Amz-Security-Token: t1\r\n" in first
    assert b"Credential=two/" in second


@pytest.mark.parametrize(
    ("url", "host", "sent"),
    [
        ("https://a.example/dev", "a.example", "/dev/@connections/"),
        ("https://a.example/dev/", "a.example", "/dev/@connections/"),
        ("https://a.example", "a.example", "/@connections/"),
        ("https://a.example:443/", "a.example", "/@connections/"),
        ("https://a.example:8443", "a.example:8443", "/@connections/"),
        ("http://[::1]:80/x", "[::1]", "/x/@connections/"),
    ],
)
def test_an_address_gives_host_and_path_with_or_without_a_stage(
    url: str, host: str, sent: str
) -> None:
    address = ApiAddress(url)

    assert (address.host, address.paths[0]) == (host, sent)
    assert unquote(address.paths[1]) == sent
