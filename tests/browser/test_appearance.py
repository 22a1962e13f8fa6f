"""The panel's languages, its print, and screenshots for a person to look at."""

import re
from itertools import product
from typing import Literal

from playwright.sync_api import Page, expect

from tests.browser.pages import SCREENSHOTS, Pages, Target, screenshot, until
from tests.browser.panel import Panel

SPANISH = re.compile(
    r"\b(abiertos|atender|buscar|claro|conexión|descripción|en vivo|enviar|estado|filtrar|historial"
    r"|horas?|incidentes?|lugar|nota|orden|pantallas|pendiente|por tipo|prioridad|reportar|resolver"
    r"|resumen|sonido|tema|tiempos|tipo|todos|urgencia|volver)\b",
    re.IGNORECASE,
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREENS = ((390, 844), (1280, 800), (2560, 1440))
# The page's own texts: all but those in <bdi>, <blockquote> and the description, which
# people wrote, and the values in the filters.
OWN_WORDS = """() => {
    const words = [];
    const walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE) words.push(node.data);
        if (node.nodeType !== Node.ELEMENT_NODE) return;
        for (const name of ["aria-label", "placeholder", "title", "alt"])
            if (node.hasAttribute(name)) words.push(node.getAttribute(name));
        const theirs = node.matches(
            "bdi, blockquote, noscript, [dir=auto], :is(#type, #location) > option + option",
        );
        if (!theirs && node.lang !== "es") node.childNodes.forEach(walk);
    };
    walk(document.body);
    return words.map((word) => word.trim()).filter(Boolean);
}"""


def spanish_words(page: Page) -> list[str]:
    """Return the Spanish words among the page's own texts."""
    return [words for words in page.evaluate(OWN_WORDS) if SPANISH.search(words)]


def brightness(page: Page, of: str = "backgroundColor", selector: str = "body") -> float:
    """Return the brightness of a colour of the page, from 0 to 255."""
    colour = page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{of}")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3


def test_the_page_uses_the_browsers_language_until_another_is_chosen(
    pages: Pages, campus: Target
) -> None:
    page = pages.open(campus, locale="en-GB")
    live = page.get_by_role("status").filter(has_text="Live")
    rows = page.get_by_role("list", name="Incidents").get_by_role("button")

    expect(live).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(rows.first).to_contain_text("Pending")
    expect(page.get_by_role("region", name="Summary").get_by_role("table")).to_have_count(3)
    assert spanish_words(page) == []

    page.get_by_role("button", name="Español").click()
    Panel(page).live()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(Panel(page).list.get_by_role("button").first).to_contain_text("Pendiente")
    assert len(spanish_words(page)) > 20

    page.reload()
    Panel(page).live()
    page.get_by_role("button", name="English").click()
    expect(live).to_be_visible()
    until(page, lambda: spanish_words(page) == [])


def test_the_detail_the_form_and_refusals_have_english_texts(pages: Pages, campus: Target) -> None:
    page = pages.open(campus, locale="en-US")
    rows = page.get_by_role("list", name="Incidents").get_by_role("button")

    rows.first.click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.get_by_role("button", name="Report an incident").click()
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_role("dialog").get_by_label("Location")).to_have_accessible_description(
        "This is needed."
    )

    assert spanish_words(page) == []


def test_the_print_shows_the_whole_list_on_white_with_its_date(
    pages: Pages, campus: Target
) -> None:
    page = pages.open(campus, color_scheme="dark")
    panel = Panel(page).live()
    panel.filters.get_by_label("Ver").select_option("Pendiente")
    expect(panel.status("20 incidentes")).to_be_visible()

    page.emulate_media(media="print")

    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(20 + 1)
    expect(table.get_by_role("columnheader")).to_have_count(6)
    expect(page.get_by_text("Impreso el")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert brightness(page, "color", "#print td") < 64
    page.pdf(path=SCREENSHOTS / "printed.pdf", format="A4")
    page.emulate_media(media="screen")
    expect(panel.list.get_by_role("button").first).to_be_visible()


def test_the_page_is_drawn_at_three_widths_in_both_themes(pages: Pages, campus: Target) -> None:
    page = pages.open(campus)
    panel = Panel(page).live()
    expect(panel.summary.get_by_role("table")).to_have_count(3)

    shots = []
    for scheme, (width, height) in product(THEMES, SCREENS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        assert brightness(page) > 128 if scheme == "light" else brightness(page) < 64
        shots.append(screenshot(page, f"{width}-{scheme}-list"))
        detail = panel.open("Humo")
        expect(detail.get_by_role("heading", name="Historial")).to_be_visible()
        shots.append(screenshot(page, f"{width}-{scheme}-detail"))
        page.go_back()
        page.get_by_role("button", name="Reportar incidente").click()
        shots.append(screenshot(page, f"{width}-{scheme}-report"))
        page.keyboard.press("Escape")

    assert all(shot.stat().st_size > 10_000 for shot in shots)


def test_the_chosen_theme_is_remembered_and_overrides_the_systems(
    pages: Pages, campus: Target
) -> None:
    page = pages.open(campus, color_scheme="dark")
    Panel(page).live()
    assert brightness(page) < 64

    page.get_by_role("button", name="Tema: automático").click()
    assert brightness(page) > 128
    page.reload()

    expect(page.get_by_role("button", name="Tema: claro")).to_be_visible()
    assert brightness(page) > 128
