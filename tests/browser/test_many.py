"""The panel with five thousand open incidents."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import target_of
from tests.browser.pages import Pages, Target
from tests.browser.panel import Panel
from tests.support.backlog import store
from tests.support.incidents import incident
from tests.support.server import Server

COUNT = 5000
# An empty page has about 300 elements, a row about 12, and about 30 rows are visible.
NODES_MAX = 1500
KINDS = ("Fuga de agua", "Corte de luz", "Humo", "Robo", "Ascensor detenido")
PLACES = tuple(f"Pabellón {letter}" for letter in "ABCDEFGHIJ")


def made(number: int) -> dict[str, object]:
    """Return incident ``number``: every fiftieth is urgent, and each contains its number."""
    urgency = "high" if number % 50 == 0 else "medium" if number % 50 < 5 else "low"
    return incident(
        incidentId=f"n-{number}",
        type=KINDS[number % len(KINDS)],
        location=PLACES[number % len(PLACES)],
        urgency=urgency,
        description=f"Aviso número {number:04d}, con acentuación",
        timestamp=f"2026-11-{1 + number % 20:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
    )


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server with five thousand incidents."""
    data = tmp_path_factory.mktemp("crowded") / "data"
    store(data, map(made, range(COUNT)))
    with Server(data) as server:
        yield target_of(server)


def test_a_list_of_five_thousand_has_few_rows_in_the_document(
    pages: Pages, crowded: Target
) -> None:
    page = pages.open(crowded)
    panel = Panel(page).live()
    rows, found = panel.list.get_by_role("button"), panel.status(re.compile("incidentes?$"))
    nodes = "document.getElementsByTagName('*').length"

    expect(found).to_have_text(re.compile(r"^5\D?000 incidentes$"))
    urgent = page.get_by_role("group", name="Por urgencia").get_by_role("button", name="Alta")
    expect(urgent).to_contain_text("100")
    expect(rows.first).to_contain_text("Urgencia Alta")
    assert page.evaluate(nodes) < NODES_MAX

    panel.search.fill("numero 4711 acentuacion")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Aviso número 4711")
    page.get_by_role("button", name="Quitar filtros").click()

    panel.filters.get_by_label("Tipo").select_option("Humo")
    expect(found).to_have_text(re.compile(r"^1\D?000 incidentes$"))
    panel.filters.get_by_label("Lugar").select_option("Pabellón C")
    expect(found).to_have_text("500 incidentes")
    urgent.click()
    expect(found).to_have_text("0 incidentes")
    page.get_by_role("button", name="Quitar filtros").click()

    rows.first.focus()
    page.keyboard.press("End")
    last = panel.list.get_by_role("listitem").last
    expect(last).to_have_attribute("aria-posinset", str(COUNT))
    expect(last).to_contain_text("Urgencia Baja")
    assert page.evaluate(nodes) < NODES_MAX
    page.keyboard.press("Home")
    expect(rows.first).to_be_focused()


def test_the_list_keeps_its_scroll_position_when_incidents_arrive(
    pages: Pages, crowded: Target
) -> None:
    page = pages.open(crowded)
    panel = Panel(page).live()
    panel.list.get_by_role("button").first.focus()
    for _ in range(20):
        page.keyboard.press("PageDown")
    focused = page.locator(":focus")
    text, top = focused.inner_text(), focused.bounding_box()

    panel_of_another = Panel(pages.open(crowded)).live()
    panel_of_another.report("Nuevo", "Entrada", urgency="high")
    expect(page.get_by_role("alert").filter(has_text="Nuevo")).to_have_count(1)
    expect(panel.status(re.compile(r"^5\D?001 incidentes$"))).to_be_visible()

    assert focused.inner_text() == text
    box = focused.bounding_box()
    assert box is not None
    assert top is not None
    assert abs(box["y"] - top["y"]) < 2
