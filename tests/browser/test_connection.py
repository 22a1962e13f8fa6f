"""The page while the service is down, while its tab is hidden, and while it is offline."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Dialog, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import target_of
from tests.browser.pages import OUTAGE, Pages, Target, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.backlog import store
from tests.support.cable import Cable
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import WsClient

IDLE_S = 3.0
# A browser under test hides no page: this makes a page believe that it is hidden.
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
    """Restart a killed server at the same address."""
    server.launch()
    until(page, server.answers)


def behind(cable: Cable) -> Target:
    """Return the addresses of one machine at the other end of a cable."""
    host = f"127.0.0.1:{cable.port}"
    return Target(f"http://{host}", f"ws://{host}/dev")


@contextmanager
def asleep(page: Page) -> Iterator[None]:
    """Hide the page and stop its scripts, as a browser does with a frozen tab."""
    dialogs: list[Dialog] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))
    page.evaluate(HIDE, True)
    # A page's scripts do not run while a dialog is open.
    page.evaluate("() => { setTimeout(() => alert('asleep')) }")
    until(page, lambda: bool(dialogs))
    yield
    dialogs[0].accept()
    page.evaluate(HIDE, False)


def test_a_page_loses_nothing_when_the_server_is_killed_and_restarted(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve()
    panel = Panel(pages.open(target_of(server), expected=[OUTAGE])).live()
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


def test_a_tab_that_slept_past_the_idle_limit_catches_up_when_shown(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve(options=("--idle-s", str(IDLE_S)))
    panel = Panel(pages.open(target_of(server))).live()
    submit(server, type="Antes")
    expect(panel.row("Antes")).to_be_visible()

    with asleep(panel.page):
        with WsClient(server.ws_url) as bystander:
            # This socket idled for less time than the page's, which is closed by then too.
            assert bystander.wait_closed()[0] == 1001
        submit(server, type="Dormida 1")
        submit(server, type="Dormida 2")

    expect(panel.row("Dormida 1")).to_be_visible()
    expect(panel.list.get_by_role("button")).to_have_count(3)
    panel.live()


def test_an_offline_page_says_so_and_sends_its_report_once_later(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve()
    other = Panel(pages.open(target_of(server))).live()
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


def test_a_page_notices_a_silent_network_and_says_how_old_the_last_signal_is(
    pages: Pages, serve: ServeFactory
) -> None:
    server = serve(options=("--heartbeat-s", "0.5"))
    with Cable(server.port) as cable:
        page = pages.open(behind(cable), expected=[OUTAGE])
        panel = Panel(page).live()
        expect(page.get_by_text("Última señal: ahora")).to_be_visible()

        cable.lose()
        submit(server, type="Mientras")

        expect(panel.status("se ha recibido 1 cambio que faltaba")).to_be_visible()
        expect(panel.live().row("Mientras")).to_be_visible()
        expect(page.get_by_text("Última señal: ahora")).to_be_visible()
