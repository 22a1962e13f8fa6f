"""Assertions of refusals by a server that requires tokens."""

from typing import Any

from websockets.exceptions import InvalidStatus

from tests.conformance.targets import http_request
from tests.support.server import Server
from tests.support.sign_in import bearer
from tests.support.wsclient import WsClient


def handshake_status(server: Server, query: str = "", **options: Any) -> int:
    """Return the status of a handshake; 101 if it opens."""
    try:
        with WsClient(server.ws_url + query, **options) as client:
            assert client.ping()["type"] == "pong"
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


def assert_refused(server: Server, made: str) -> None:
    """Assert that both wires refuse the token without details, and nothing is stored."""
    assert handshake_status(server, headers=bearer(made)) == 401
    for method, path in (("GET", "/incidents"), ("GET", "/stats"), ("POST", "/incidents")):
        answer = http_request(method, server.http_url + path, b"{}", bearer(made))
        assert (answer.status, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json().keys() == {"type", "title", "status", "code"}
