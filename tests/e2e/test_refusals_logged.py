"""The log of what strangers are refused: a line each, and a bounded number of lines."""

from collections.abc import Callable

import pytest

from alerta_utec.handlers.bounded_log import LINES_PER_SOURCE
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.e2e.guarded import handshake_status
from tests.e2e.raw import RawSocket
from tests.support.server import Server
from tests.support.wsclient import WsClient

EVIL = "evil.example"
Refused = Callable[[Server], None]


def rebound_name(server: Server) -> None:
    headers = {"Host": f"{EVIL}:8000"}
    assert http_request("GET", f"{server.http_url}/health", None, headers).status == 421


def form_of_another_site(server: Server) -> None:
    headers = {"Origin": f"https://{EVIL}", "Content-Type": "text/plain"}
    assert http_request("POST", f"{server.http_url}/webhooks", b"{}", headers).status == 403


def form_of_an_own_page(server: Server) -> None:
    headers = {"Origin": server.http_url, "Content-Type": "text/plain"}
    assert http_request("POST", f"{server.http_url}/webhooks", b"{}", headers).status == 415


def socket_of_another_site(server: Server) -> None:
    assert handshake_status(server, headers={"Origin": f"https://{EVIL}"}) == 403


def broken_request(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.send(b"GET / HTTP/1.1\r\nBad Header\r\n\r\n")
        assert raw.status() == 400


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        (rebound_name, f"WARNING host_refused address=127.0.0.1 host={EVIL}:8000"),
        (form_of_another_site, f"origin=https://{EVIL} code=forbidden"),
        (form_of_an_own_page, "code=unsupported_media_type"),
        (socket_of_another_site, f"code=forbidden origin=https://{EVIL}"),
        (broken_request, "INFO request_broken"),
    ],
)
def test_a_refusal_is_one_line_in_bounded_numbers(
    serve: ServeFactory, refused: Refused, line: str
) -> None:
    server = serve()

    for _ in range(LINES_PER_SOURCE + 3):
        refused(server)
    server.stop()

    assert sum(line in written for written in server.output.splitlines()) == LINES_PER_SOURCE


def test_the_refused_messages_of_one_client_are_logged_in_bounded_numbers(
    serve: ServeFactory,
) -> None:
    server = serve()

    with WsClient(server.ws_url) as client:
        for _ in range(LINES_PER_SOURCE + 3):
            assert client.request({"action": "dance"})["code"] == "unknown_action"
    server.stop()

    assert server.output.count("code=unknown_action") == LINES_PER_SOURCE
