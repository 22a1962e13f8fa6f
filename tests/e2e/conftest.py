"""The checks after every piece of bad input."""

from collections.abc import Iterator

import pytest

from tests.conformance.targets import http_request
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET
from tests.support.wsclient import WsClient


@pytest.fixture
def unharmed(server: Server) -> Iterator[WsClient]:
    """Assert that a client beside the test is still served and its incident still stored."""
    pid, written = server.pid, len(server.output)
    with WsClient(server.ws_url) as bystander:
        accepted = bystander.notify(incident(description="antes"))

        yield bystander

        assert bystander.ping()["type"] == "pong"
        later = bystander.notify(incident(description="después"))
        assert later["seq"] > accepted["seq"]
    assert server.alive
    assert server.pid == pid
    for ack in (accepted, later):
        assert http_request("GET", f"{server.http_url}/incidents/{ack['incidentId']}").status == 200
    assert "Traceback" not in server.output[written:]


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server that accepts tokens signed by a secret, with no clock leeway."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    with Server(folder, environment={**WITH_SECRET, "ALERTA_AUTH_LEEWAY_S": "0"}) as running:
        yield running
        assert "Traceback" not in running.output
