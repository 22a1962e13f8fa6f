"""Drills in the panel, which must be marked everywhere."""

import json

from playwright.sync_api import expect

from tests.browser.pages import Pages, Target, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.support.incidents import incident, unique

# Record the browser's notifications.
NOTIFICATIONS = """
    window.shown = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title) { shown.push(title); }
        addEventListener() {}
    };
"""


def test_a_reported_drill_is_marked_everywhere(pages: Pages, target: Target) -> None:
    reporter = Panel(pages.open(target)).live()
    watching = Panel(pages.open(target, scripts=[NOTIFICATIONS])).live()
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


def test_the_forms_drill_mark_survives_a_language_change_and_not_a_report(
    pages: Pages, local: Target
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


def test_an_ordinary_incident_has_no_drill_mark(pages: Pages, local: Target) -> None:
    panel, kind = Panel(pages.open(local)).live(), unique("Fuga")

    panel.report(kind, "Cocina", urgency="high")

    expect(panel.row(kind)).to_be_visible()
    expect(panel.row(kind)).not_to_contain_text("SIMULACRO")
    detail = panel.open(kind)
    expect(detail.get_by_role("heading", name=kind)).to_have_accessible_name(kind)
    name = detail.locator("code").inner_text()
    stored = http_request("GET", f"{local.http_url}/incidents/{name}").body
    assert b"drill" not in stored


def test_an_announcement_of_several_incidents_counts_the_drills(
    pages: Pages, local: Target
) -> None:
    page, first = Panel(pages.open(local)).live().page, unique("Primero")
    said = page.get_by_role("alert")

    submit(local, type=first)
    expect(said.filter(has_text=first)).to_have_count(1)
    # The page announces the incidents of the next seconds together.
    submit(local, type=unique("Segundo"))
    submit(local, type=unique("Tercero"), drill=True)

    announced = said.filter(has_text="2 incidentes nuevos")
    expect(announced).to_contain_text("2 de urgencia alta (SIMULACRO: 1)")


def submit(target: Target, **fields: object) -> None:
    """Report an incident of high urgency over HTTP."""
    body = json.dumps(incident(urgency="high", **fields)).encode()
    assert http_request("POST", f"{target.http_url}/incidents", body).status == 201
