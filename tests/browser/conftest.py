"""One browser for all tests of the panel, and pages that are watched."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import ordinary_day
from tests.browser.pages import PATIENCE_MS, Home, Pages
from tests.conftest import ServeFactory
from tests.support import chromium
from tests.support.deployment import Deployment
from tests.support.server import Server


# Not for the whole session: while it is there, this thread has an event loop that other tests' own
# would clash with.
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
    """Opens watched pages, which are closed before the servers that the test starts."""
    del serve
    opened = Pages(browser)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def local(server: Server) -> Home:
    """One machine, shared with other tests."""
    return home_of(server)


@pytest.fixture(scope="session", params=["local", "aws"])
def home(request: pytest.FixtureRequest) -> Home:
    """Each home, shared with other tests."""
    if request.param == "local":
        return home_of(request.getfixturevalue("server"))
    deployment: Deployment = request.getfixturevalue("deployment")
    return Home(deployment.http_url, deployment.ws_url)


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One machine on an ordinary day; tests leave it as it is."""
    data = tmp_path_factory.mktemp("campus") / "data"
    ordinary_day.incidents(data)
    with Server(data) as server:
        ordinary_day.work(server)
        yield home_of(server)


def home_of(server: Server) -> Home:
    """The home that a server is."""
    return Home(server.http_url, server.ws_url)
