"""What every suite shares: pytest's options, and the real server as a process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.support.deployment import Deployment
from tests.support.emulator import Emulator
from tests.support.server import Server

ServeFactory = Callable[..., Server]
# They need other people's software, which has an environment of its own: make test-outside.
collect_ignore = ["airflow", "outside"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the conformance suite."""
    group = parser.getgroup("conformance")
    group.addoption("--endpoint", help="run it against this deployment only (wss://…/stage)")
    group.addoption("--http-endpoint", help="the deployment's HTTP API, where it cannot be found")


class ByFolder(LoadScopeScheduling):
    """Lets each folder's tests run in one process, where they share their servers.

    xdist 3.8 has marks for that, which have no effect with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder, _, _ = nodeid.partition("::")[0].rpartition("/")
        return folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """How the tests are shared out among several processes."""
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server for tests that leave it running."""
    folder = tmp_path_factory.mktemp("server") / "data"
    options = ("--webhook-allow-private", "--heartbeat-s", "5")
    with Server(folder, options=options) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The service on an emulated AWS of its own, where each Lambda has its role only."""
    folder = tmp_path_factory.mktemp("deployment") / "checkout"
    with Emulator(enforce_iam=True) as emulator:
        yield Deployment(emulator, folder).create()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServeFactory]:
    """Starts servers of a test's own: ``serve(data=…, options=…, environment=…)``."""
    with ExitStack() as stack:

        def start(data: Path = tmp_path / "data", **options: object) -> Server:
            return stack.enter_context(Server(data, **options))  # type: ignore[arg-type]

        yield start
