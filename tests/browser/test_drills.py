"""Drills in the panel: reported as such, and never to be taken for anything else."""

import json

from playwright.sync_api import expect

from tests.browser.pages import Home, Pages, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.support.incidents import incident, unique

# The browser's notifications, kept to be looked at.
NOTIFICATIONS = """
    window.shown = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title) { shown.push(title); }
        addEventListener() {}
    };
"""


def test_a_drill_that_is_reported_is_marked_wherever_it_is_told(pages: Pages, home: Home) -> None:
    reporter = Panel(pages.open(home)).live()
    watching = Panel(pages.open(home, scripts=[NOTIFICATIONS])).live()
    watching.page.get_by_role("button", name="Avisos").click()
    kind = unique("Incendio")

    reporter.page.get_by_role("button", name="Reportar incidente").click()
    reporter.dialog.get_by_label("Es un simulacro").check()
    reporter.dialog.get_by_role("button", name="Cancelar").click()
    reporter.report(kind, "Torre A", urgency="high")

    expect(reporter.status("Reporte enviado.")).to_be_visible()
    expect(watching.row(kind)).to_contain_text("SIMULACRO")
    said = watching.page.get_by_role("alert").filter(has_text=kind)
    expect(said).to_contain_text("SIMULACRO: Nuevo incidente")
    titles = f"shown.includes('SIMULACRO: Urgencia alta: {kind}')"
    until(watching.page, lambda: bool(watching.page.evaluate(titles)))
    heading = watching.open(kind).get_by_role("heading", name=kind)
    expect(heading).to_have_accessible_name(f"SIMULACRO {kind}")
    expect(watching.detail(kind).get_by_text("true")).to_have_count(0)

    watching.page.get_by_role("button", name="English").click()
    expect(heading).to_have_accessible_name(f"DRILL {kind}")


def test_the_mark_of_the_form_outlives_another_language_but_not_a_report(
    pages: Pages, local: Home
) -> None:
    panel = Panel(pages.open(local)).live()
    page, kind = panel.page, unique("Sismo")
    page.get_by_role("button", name="Reportar incidente").click()
    panel.dialog.get_by_label("Es un simulacro").check()
    panel.dialog.get_by_role("button", name="Cancelar").click()

    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Report an incident").click()

    dialog = page.get_by_role("dialog", name="Report an incident")
    expect(dialog.get_by_label("This is a drill")).to_be_checked()
    dialog.get_by_label("Type").fill(kind)
    dialog.get_by_label("Location").fill("Patio")
    dialog.get_by_role("radio", name="Low").check()
    dialog.get_by_role("button", name="Send report").click()
    expect(page.get_by_role("list", name="Incidents").filter(has_text=kind)).to_be_visible()
    page.get_by_role("button", name="Report an incident").click()
    expect(dialog.get_by_label("This is a drill")).not_to_be_checked()


def test_an_ordinary_incident_bears_no_mark(pages: Pages, local: Home) -> None:
    panel, kind = Panel(pages.open(local)).live(), unique("Fuga")

    panel.report(kind, "Cocina", urgency="high")

    expect(panel.row(kind)).to_be_visible()
    expect(panel.row(kind)).not_to_contain_text("SIMULACRO")
    detail = panel.open(kind)
    expect(detail.get_by_role("heading", name=kind)).to_have_accessible_name(kind)
    name = detail.locator("code").inner_text()
    stored = http_request("GET", f"{local.http_url}/incidents/{name}").body
    assert b"drill" not in stored


def test_several_at_once_are_told_with_how_many_are_drills(pages: Pages, local: Home) -> None:
    page, first = Panel(pages.open(local)).live().page, unique("Primero")
    said = page.get_by_role("alert")

    submit(local, type=first)
    expect(said.filter(has_text=first)).to_have_count(1)
    # For some seconds now, what comes is told together.
    submit(local, type=unique("Segundo"))
    submit(local, type=unique("Tercero"), drill=True)

    told = said.filter(has_text="2 incidentes nuevos")
    expect(told).to_contain_text("2 de urgencia alta (SIMULACRO: 1)")


def submit(home: Home, **fields: object) -> None:
    """Report an incident of high urgency over HTTP."""
    body = json.dumps(incident(urgency="high", **fields)).encode()
    assert http_request("POST", f"{home.http_url}/incidents", body).status == 201
