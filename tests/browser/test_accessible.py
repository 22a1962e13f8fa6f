"""WCAG 2.2 AA as far as tools can check it, and the whole panel without a mouse."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import violations
from tests.browser.pages import Pages, Target
from tests.browser.panel import Panel
from tests.support.incidents import unique

TABS_MAX = 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_list_charts_detail_and_form(
    pages: Pages, campus: Target, scheme: str
) -> None:
    page = pages.open(campus, color_scheme=scheme)
    panel = Panel(page).live()
    expect(panel.summary.get_by_role("table")).to_have_count(3)

    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []

        detail = panel.open("Humo")
        expect(detail.get_by_role("heading", name="Historial")).to_be_visible()
        expect(panel.row("Humo").first).to_have_attribute("aria-current", "true")
        assert violations(page) == []

        page.go_back()
        expect(panel.list.locator("[aria-current]")).to_have_count(0)
        page.get_by_role("button", name="Reportar incidente").click()
        panel.dialog.get_by_role("button", name="Enviar reporte").click()
        expect(panel.dialog.get_by_label("Lugar")).to_have_attribute("aria-invalid", "true")
        assert violations(page) == []
        panel.dialog.get_by_label("Tipo").fill("Humo")
        panel.dialog.get_by_role("button", name="Enviar reporte").click()
        expect(panel.dialog.locator("[name=type][aria-invalid]")).to_have_count(0)
        assert violations(page) == []
        page.keyboard.press("Escape")


def tab_to(target: Locator, *, backwards: bool = False) -> None:
    """Press Tab until an element has the focus, as a person without a mouse does."""
    page = target.page
    for _ in range(TABS_MAX):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"the tabulator does not reach {target}")


def test_an_incident_is_reported_found_and_updated_without_a_mouse(
    pages: Pages, local: Target
) -> None:
    page = pages.open(local)
    panel = Panel(page).live()
    kind, keyboard = unique("Fuga"), page.keyboard

    tab_to(page.get_by_role("button", name="Reportar incidente"))
    keyboard.press("Enter")
    expect(panel.dialog.get_by_label("Tipo")).to_be_focused()
    keyboard.type(kind)
    tab_to(panel.dialog.get_by_label("Lugar"))
    keyboard.type("Cocina")
    keyboard.press("Tab")
    keyboard.press("Space")
    expect(panel.dialog.get_by_role("radio", name="Alta")).to_be_checked()
    keyboard.press("ArrowDown")
    expect(panel.dialog.get_by_role("radio", name="Media")).to_be_checked()
    tab_to(panel.dialog.get_by_role("button", name="Enviar reporte"))
    keyboard.press("Enter")
    expect(panel.dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Reportar incidente")).to_be_focused()

    tab_to(panel.search, backwards=True)
    keyboard.type(kind)
    expect(panel.list.get_by_role("button")).to_have_count(1)
    tab_to(panel.row(kind))
    keyboard.press("Enter")
    detail = panel.detail(kind)
    expect(detail.get_by_role("heading", name=kind)).to_be_focused()
    tab_to(detail.get_by_label("Nota para el historial"))
    keyboard.type("Voy para allá")
    tab_to(detail.get_by_role("button", name="Atender"))
    keyboard.press("Enter")
    expect(detail.get_by_text("Voy para allá")).to_be_visible()
    expect(panel.row(kind)).to_contain_text("En atención")

    keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(panel.row(kind)).to_be_focused()


def test_the_arrow_keys_move_in_the_list_and_tab_leaves_it(pages: Pages, campus: Target) -> None:
    page = pages.open(campus)
    rows = Panel(page).live().list.get_by_role("button")

    tab_to(rows.first)
    for key, row in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("Home", 0)):
        page.keyboard.press(key)
        expect(rows.nth(row)).to_be_focused()
    page.keyboard.press("Tab")

    assert not page.evaluate("document.querySelector('main ul').contains(document.activeElement)")


def test_the_focused_element_is_visibly_marked(pages: Pages, campus: Target) -> None:
    page = pages.open(campus)
    Panel(page).live()

    unseen = []
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(
            """() => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                const { tagName, id, textContent } = document.activeElement;
                const box = document.activeElement.getBoundingClientRect();
                const within = box.bottom > 0 && box.top < innerHeight && box.width > 0;
                return [`${tagName} ${id} ${textContent}`.slice(0, 60),
                    within && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
            }"""
        )
        if name.startswith("BODY"):
            break
        if not seen:
            unseen.append(name)

    assert unseen == []


@pytest.mark.parametrize(("preference", "moves"), [("reduce", False), ("no-preference", True)])
def test_a_page_with_reduced_motion_has_no_animation(
    pages: Pages, campus: Target, preference: str, moves: bool
) -> None:
    page = pages.open(campus, reduced_motion=preference)
    Panel(page).live()

    running = page.evaluate("document.getAnimations().length")

    assert bool(running) is moves


def test_the_page_fits_every_width(pages: Pages, campus: Target) -> None:
    page = pages.open(campus)
    panel = Panel(page).live()
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

    for width in (320, 390, 768, 1024, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(wider) == 0, width
        panel.open("Humo")
        assert page.evaluate(wider) == 0, width
        page.go_back()
