"""The page while the service is away, while nobody looks at it, and while there is no network."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Dialog, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import home_of
from tests.browser.pages import OUTAGE, Home, Pages, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.backlog import store
from tests.support.cable import Cable
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import WsClient

IDLE_S = 3.0
# What a hidden page is told of itself: a browser under test hides none.
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    Object.defineProperty(document, "visibilityState", {
        configurable: true, get: () => (hidden ? "hidden" : "visible"),
    });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def submit(server: Server, **fields: object) -> None:
    """Report an incident over HTTP."""
    body = json.dumps(incident(**fields)).encode()
    assert http_request("POST", f"{server.http_url}/incidents", body).status == 201


def restart(page: Page, server: Server) -> None:
    """Start a server that was killed, at the same address."""
    server.launch()
    until(page, server.answers)


def behind(cable: Cable) -> Home:
    """One machine, at the other end of a cable."""
    host = f"127.0.0.1:{cable.port}"
    return Home(f"http://{host}", f"ws://{host}/dev")


@contextmanager
def asleep(page: Page) -> Iterator[None]:
    """A hidden page whose scripts stand still, as those of a tab that its browser has frozen."""
    dialogs: list[Dialog] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))
    page.evaluate(HIDE, True)
    # Nothing of the page runs while a dialog is open.
    page.evaluate("() => { setTimeout(() => alert('asleep')) }")
    until(page, lambda: bool(dialogs))
    yield
    dialogs[0].accept()
    page.evaluate(HIDE, False)


def test_a_server_that_is_killed_and_restarted_costs_the_page_nothing(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve()
    panel = Panel(pages.open(home_of(server), expected=[OUTAGE])).live()
    submit(server, type="Antes", incidentId="uno")
    expect(panel.row("Antes")).to_be_visible()

    server.kill9()
    expect(panel.status("Sin conexión desde")).to_be_visible()
    expect(panel.page.get_by_role("button", name="Reintentar ahora")).to_be_visible()
    assert violations(panel.page) == []
    missed = [incident(type=f"Durante {n}", urgency="high") for n in range(3)]
    store(server.data, missed)
    restart(panel.page, server)

    panel.live()
    expect(panel.status("se han recibido 3 cambios que faltaban")).to_be_visible()
    expect(panel.status("Sin conexión desde")).to_be_hidden()
    expect(panel.list.get_by_role("button")).to_have_count(4)
    submit(server, type="Después")
    expect(panel.list.get_by_role("button")).to_have_count(5)


def test_a_tab_that_slept_past_the_idle_limit_catches_up_when_it_is_seen(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve(options=("--idle-s", str(IDLE_S)))
    panel = Panel(pages.open(home_of(server))).live()
    submit(server, type="Antes")
    expect(panel.row("Antes")).to_be_visible()

    with asleep(panel.page):
        with WsClient(server.ws_url) as bystander:
            # It has idled for less time than the page, whose socket is closed by then too.
            assert bystander.wait_closed()[0] == 1001
        submit(server, type="Dormida 1")
        submit(server, type="Dormida 2")

    expect(panel.row("Dormida 1")).to_be_visible()
    expect(panel.list.get_by_role("button")).to_have_count(3)
    panel.live()


def test_a_page_without_a_network_says_so_keeps_a_report_and_sends_it_once(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve()
    other = Panel(pages.open(home_of(server))).live()
    with Cable(server.port) as cable:
        page = pages.open(behind(cable), expected=[OUTAGE])
        panel = Panel(page).live()

        page.context.set_offline(True)
        cable.lose()
        expect(panel.status("Sin conexión desde")).to_be_visible()
        submit(server, type="Mientras")
        panel.report("Escrito sin red", "Biblioteca", urgency="medium")
        expect(panel.status("el reporte se enviará")).to_be_visible()
        page.context.set_offline(False)

        for each in (panel.live(), other):
            expect(each.row("Mientras")).to_be_visible()
            expect(each.row("Escrito sin red")).to_have_count(1)
            expect(each.list.get_by_role("button")).to_have_count(2)
        expect(panel.status("Reporte enviado.")).to_be_visible()
