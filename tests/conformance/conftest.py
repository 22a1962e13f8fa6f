"""The deployments that the suite runs against."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance import differences
from tests.conformance.targets import Target, remote, run_heartbeat, wait_for_broadcasts
from tests.support.server import Server
from tests.support.wsclient import WsClient


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run against the given deployment, else against both of the project's."""
    if "target" in metafunc.fixturenames:
        homes = ["endpoint"] if metafunc.config.getoption("--endpoint") else ["local", "emulator"]
        metafunc.parametrize("target", homes, indirect=True, scope="session")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """Yield a running deployment of the service."""
    if request.param == "endpoint":
        options = request.config
        given = remote(options.getoption("--endpoint"), options.getoption("--http-endpoint"))
        wait_for_broadcasts(given)
        return given
    if request.param == "local":
        server: Server = request.getfixturevalue("server")
        return Target(
            name="local",
            ws_url=server.ws_url,
            http_url=server.http_url,
            management_url=server.management_url,
            deviations=differences.LOCAL,
        )
    deployment = request.getfixturevalue("deployment")
    return Target(
        name="emulator",
        ws_url=deployment.ws_url,
        http_url=deployment.http_url,
        management_url=deployment.management_url,
        deviations=differences.EMULATOR,
        send_heartbeat=lambda: run_heartbeat(
            deployment.client("lambda"), deployment.function("broadcast")
        ),
    )


@pytest.fixture
def clients(target: Target) -> Iterator[tuple[WsClient, WsClient]]:
    """Yield two clients with open sockets: one that acts, one that listens."""
    with ExitStack() as stack:
        yield stack.enter_context(target.connect()), stack.enter_context(target.connect())


@pytest.fixture
def client(target: Target) -> Iterator[WsClient]:
    """Yield one client with an open socket."""
    with target.connect() as opened:
        yield opened
