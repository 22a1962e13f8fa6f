"""An incident from the report to its resolution by another person, in both deployments."""

import re

from playwright.sync_api import Route, expect

from tests.browser.pages import Pages, Target
from tests.browser.panel import Panel
from tests.support.incidents import unique


def test_two_pages_see_each_step_of_an_incident(pages: Pages, target: Target) -> None:
    student, guard = (Panel(pages.open(target)).live() for _ in range(2))
    kind, place = unique("Fuga"), unique("Cocina")

    for panel in (student, guard):
        # Rows far down a long list are not in the document; other tests' incidents may be above.
        panel.page.locator("#search").fill(kind)
    student.report(kind, place, urgency="high", description="Huele a gas\njunto al horno")

    expect(student.status("Reporte enviado.")).to_be_visible()
    expect(student.row(kind)).to_contain_text("Pendiente")
    expect(guard.row(kind)).to_contain_text(place)
    expect(guard.page.get_by_role("alert").filter(has_text=kind)).to_have_count(1)

    detail = guard.open(kind)
    detail.get_by_role("button", name="Atender").click()
    expect(detail.get_by_role("button", name="Devolver a pendiente")).to_be_visible()
    expect(student.row(kind)).to_contain_text("En atención")

    seen = student.open(kind)
    detail.get_by_label("Nota para el historial").fill("Llave cerrada; ventilado.")
    detail.get_by_role("button", name="Resolver").click()

    expect(detail.get_by_role("button", name="Reabrir")).to_be_visible()
    for page in (seen, detail):
        expect(page.get_by_text("Huele a gas")).to_be_visible()
        steps = page.get_by_role("listitem")
        expect(steps).to_have_count(3)
        expect(steps.nth(0)).to_contain_text("Llave cerrada; ventilado.")
        expect(steps.nth(0)).to_contain_text("En atención → Resuelto")
        expect(steps.nth(1)).to_contain_text("Pendiente → En atención")
        expect(steps.nth(2)).to_contain_text("Reportado")
        expect(steps.nth(2)).to_contain_text(re.compile(r"Pantallas: \d+ de \d+"))
        expect(steps.nth(2)).to_contain_text("Correo: enviado")
    for panel in (student, guard):
        expect(panel.row(kind)).to_have_count(0)
        panel.filters.get_by_label("Ver").select_option("Resuelto")
        expect(panel.row(kind)).to_contain_text("Resuelto")


def test_the_detail_shows_the_webhook_deliveries(pages: Pages, local: Target) -> None:
    panel = Panel(pages.open(local)).live()
    kind = unique("Humo")
    panel.report(kind, "Patio")

    def with_webhooks(route: Route) -> None:
        answer = route.fetch()
        record = answer.json()
        first = {"revision": 1, "at": record["incident"]["createdAt"]}
        record["deliveries"] += [
            {**first, "channel": "webhook:b1", "result": "sent", "attempts": 1},
            {**first, "channel": "webhook:b2", "result": "failed", "because": "HTTP 500"},
            {**first, "channel": "webhook:b3", "result": "given_up", "because": "timeout"},
        ]
        route.fulfill(response=answer, json=record)

    panel.page.route(re.compile("/incidents/[^/]+$"), with_webhooks)
    step = panel.open(kind).get_by_role("listitem")

    expect(step).to_contain_text("Webhook b1: enviado")
    expect(step).to_contain_text("Webhook b2: falló; se reintenta (HTTP 500)")
    expect(step).to_contain_text("Webhook b3: no se pudo enviar (no respondió a tiempo)")


def test_an_address_opens_its_incident_and_back_returns_to_the_list(
    pages: Pages, target: Target
) -> None:
    panel = Panel(pages.open(target)).live()
    kind = unique("Humo")
    panel.report(kind, "Patio")

    panel.open(kind)
    again = Panel(pages.open(target, path=panel.page.url.removeprefix(target.url)))

    expect(again.detail(kind)).to_be_visible()
    panel.page.go_back()
    expect(panel.detail(kind)).to_be_hidden()


def test_a_missing_field_of_a_report_is_marked_at_the_field(pages: Pages, target: Target) -> None:
    panel = Panel(pages.open(target)).live()
    panel.page.get_by_role("button", name="Reportar incidente").click()
    panel.dialog.get_by_label("Tipo").fill("Humo")

    panel.dialog.get_by_role("button", name="Enviar reporte").click()

    place, kind = panel.dialog.get_by_label("Lugar"), panel.dialog.get_by_label("Tipo")
    expect(place).to_have_accessible_description(re.compile("^falta", re.IGNORECASE))
    expect(place).to_be_focused()
    expect(kind).to_have_accessible_description("")
