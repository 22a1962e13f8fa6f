"""One browser for all tests of the panel, and pages that a monitor watches."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import ordinary_day
from tests.browser.pages import PATIENCE_MS, Pages, Target
from tests.conftest import ServeFactory
from tests.support import chromium
from tests.support.deployment import Deployment
from tests.support.server import Server


# Not for the whole session: the browser keeps an event loop in this thread, with which the loops
# of other tests would clash.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.flags()
        )
        yield launched
        launched.close()


@pytest.fixture
def pages(browser: Browser, serve: ServeFactory) -> Iterator[Pages]:
    """The watched pages of a test, closed before the servers that the test starts."""
    del serve
    opened = Pages(browser)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def local(server: Server) -> Target:
    """One machine, shared with other tests."""
    return target_of(server)


@pytest.fixture(scope="session", params=["local", "aws"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each deployment, shared with other tests."""
    if request.param == "local":
        return target_of(request.getfixturevalue("server"))
    deployment: Deployment = request.getfixturevalue("deployment")
    return Target(deployment.http_url, deployment.ws_url)


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One machine on an ordinary day, which the tests do not change."""
    data = tmp_path_factory.mktemp("campus") / "data"
    ordinary_day.incidents(data)
    with Server(data) as server:
        ordinary_day.work(server)
        yield target_of(server)


def target_of(server: Server) -> Target:
    """Return a server's addresses."""
    return Target(server.http_url, server.ws_url)
