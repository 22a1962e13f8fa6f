"""Watched pages: an error in one, or a request to another host, fails its test."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebSocket

from tests.support.emulator import ROOT

SCREENSHOTS = ROOT / ".build" / "screenshots"
PATIENCE_MS = 20_000
POLL_MS = 20
# The browser's console messages for a service that is down, and for a refused token.
OUTAGE = r"net::ERR_|WebSocket connection to .* failed"
REFUSED = r"status of 401|WebSocket connection to .* failed"


@dataclass(frozen=True)
class Target:
    """The addresses of a running deployment."""

    http_url: str
    ws_url: str

    @property
    def url(self) -> str:
        """The page's address."""
        return f"{self.http_url}/"


@dataclass
class PageMonitor:
    """The errors and requests of one test's pages; ``expected`` errors are no faults."""

    hosts: set[str]
    expected: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        context.on("page", lambda page: page.on("websocket", self._opened))

    @property
    def faults(self) -> list[str]:
        """Unexpected errors, and requests to other hosts."""
        wrong = [e for e in self.errors if not any(re.search(p, e) for p in self.expected)]
        return wrong + self.strangers

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data" and parts.netloc not in self.hosts:
            self.strangers.append(url)

    def _opened(self, socket: WebSocket) -> None:
        self._asked(socket.url)

    def _said(self, message: ConsoleMessage) -> None:
        # Violations of the Content-Security-Policy appear as console errors too.
        if message.type in ("error", "warning", "assert"):
            self.errors.append(f"{message.text} ({message.location['url']})")


class Pages:
    """The pages of a test, each in its own browser context, as for another person."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._monitors: list[PageMonitor] = []
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        target: Target,
        *,
        path: str = "",
        token: str | None = None,
        expected: Iterable[str] = (),
        scripts: Iterable[str] = (),
        **options: Any,
    ) -> Page:
        """Open the panel in a new profile.

        ``token`` goes into the address's fragment; ``expected`` are patterns of errors that a test
        causes; ``scripts`` run before the page's own; ``options`` are the context's.
        """
        monitor = PageMonitor({urlsplit(url).netloc for url in (target.http_url, target.ws_url)})
        monitor.expected += expected
        given = {"locale": "es-PE", "timezone_id": "America/Lima", "reduced_motion": "reduce"}
        context = self._browser.new_context(**{**given, **options})
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        self._monitors.append(monitor)
        monitor.watch(context)
        for script in scripts:
            context.add_init_script(script)
        page = context.new_page()
        page.goto(target.url + path + (f"#token={token}" if token else ""))
        return page

    def close(self) -> None:
        """Close every page, and fail for a fault in any.

        Raises:
            AssertionError.
        """
        for context in self._contexts:
            context.close()
        assert not self.faults(), self.faults()

    def faults(self) -> list[str]:
        """Return the faults of every page so far."""
        return [fault for monitor in self._monitors for fault in monitor.faults]


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Poll until ``holds`` returns true, and let the page run meanwhile.

    Raises:
        AssertionError: the time is over.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(POLL_MS)


def screenshot(page: Page, name: str, **options: Any) -> Path:
    """Save a picture of the page, for a person to look at."""
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, animations="disabled", **options)
    return path
