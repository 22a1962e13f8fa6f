"""The installed server answers every GET route of the route table."""

import json
import re

import pytest

from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from tests.conformance.targets import http_request
from tests.installed.environments import InstalledServer
from tests.support.incidents import incident

GET_ROUTES = [key.removeprefix("GET ") for key in HTTP_ROUTE_KEYS if key.startswith("GET ")]


@pytest.fixture(scope="module")
def identifiers(installed_server: InstalledServer) -> dict[str, str]:
    """A value for each placeholder of the routes, from what the server stores."""
    return {
        "file": "client.js",
        "incidentId": stored(installed_server, "/incidents", incident(), "incidentId"),
        "webhookId": stored(
            installed_server, "/webhooks", {"url": "http://127.0.0.1:9/none"}, "webhookId"
        ),
    }


def stored(server: InstalledServer, path: str, body: dict[str, object], name: str) -> str:
    """Store something and return its identifier."""
    answer = http_request("POST", server.http_url + path, json.dumps(body).encode())
    assert answer.status == 201, answer.body
    return str(answer.json()[name])


@pytest.mark.parametrize("route", GET_ROUTES)
def test_the_installed_server_answers_the_route(
    installed_server: InstalledServer, identifiers: dict[str, str], route: str
) -> None:
    path = re.sub(r"\{(\w+)\}", lambda match: identifiers[match[1]], route)

    answer = http_request("GET", installed_server.http_url + path)

    # Without sign-in there are no keys.
    wanted = 403 if route == "/keys" else 200
    assert answer.status == wanted, installed_server.output
    assert answer.body
