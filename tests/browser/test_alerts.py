"""What draws attention: announcements, a sound, notifications, each only as much as is wanted."""

import json
import re
import time

from playwright.sync_api import Page, expect

from tests.browser.conftest import home_of
from tests.browser.pages import Home, Pages, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.incidents import incident

STORM = 40
# Between two announcements.
PAUSE_S = 5
# Keep what the page would show and sound, which a browser under test does neither.
RECORDER = """
    window.shown = []; window.tones = 0;
    window.Notification = class extends EventTarget {
        static permission = "default";
        static async requestPermission() { return (Notification.permission = "granted"); }
        constructor(title, options) { super(); shown.push([title, options.body]); }
        close() {}
    };
    const create = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () { tones += 1; return create.call(this); };
"""
# Keep what screen readers are told.
LISTENER = """() => {
    window.told = [];
    for (const region of document.querySelectorAll("#polite, #urgent"))
        new MutationObserver(() => told.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
}"""


def submit(home: Home, kind: str, urgency: str, **more: object) -> None:
    """Report an incident over HTTP."""
    body = json.dumps(incident(type=kind, urgency=urgency, **more)).encode()
    assert http_request("POST", f"{home.http_url}/incidents", body).status == 201


def shown(page: Page) -> list[list[str]]:
    """The notifications so far, by title and text."""
    notifications: list[list[str]] = page.evaluate("window.shown")
    return notifications


def told_of(announcement: str) -> int:
    """How many incidents an announcement is about."""
    count = re.match(r"\d+", announcement)
    return int(count.group()) if count else 1


def test_only_what_is_urgent_sounds_and_notifies_and_only_by_choice(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    page = pages.open(home, scripts=[RECORDER])
    panel = Panel(page).live()
    sound, notify = (page.get_by_role("button", name=name) for name in ("Sonido", "Avisos"))

    submit(home, "Sin elegir", "high")
    expect(page.get_by_role("alert").filter(has_text="Sin elegir")).to_have_count(1)
    assert (shown(page), page.evaluate("window.tones")) == ([], 0)

    notify.click()
    sound.click()
    for button in (sound, notify):
        expect(button).to_have_attribute("aria-pressed", "true")
    tried = page.evaluate("window.tones")
    assert tried > 0
    submit(home, "Baja", "low")
    expect(panel.row("Baja")).to_be_visible()
    submit(home, "Gas", "high", location="Cocina")
    until(page, lambda: bool(shown(page)))

    assert [text for _, text in shown(page)] == ["Cocina"]
    assert "Gas" in shown(page)[0][0]
    assert page.evaluate("window.tones") > tried


def test_what_was_chosen_stays(pages: Pages, local: Home) -> None:
    page = pages.open(local, scripts=[RECORDER])
    Panel(page).live()
    page.get_by_role("button", name="Sonido").click()

    page.reload()

    expect(page.get_by_role("button", name="Sonido")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Avisos")).to_have_attribute("aria-pressed", "false")


def test_a_storm_is_announced_in_few_words_that_count_all_of_it(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    submit(home, "Antes", "high")
    page = pages.open(home)
    panel = Panel(page).live()
    expect(panel.row("Antes")).to_be_visible()
    page.evaluate(LISTENER)
    began = time.monotonic()

    for number in range(STORM):
        submit(home, f"Aviso {number}", "high" if number % 4 == 0 else "low")
    expect(panel.status(f"{STORM + 1} incidentes")).to_be_visible()
    until(page, lambda: sum(map(told_of, page.evaluate("told"))) >= STORM)

    told = page.evaluate("told")
    assert sum(map(told_of, told)) == STORM
    assert len(told) <= 2 + (time.monotonic() - began) / PAUSE_S
    assert "Antes" not in str(told)
