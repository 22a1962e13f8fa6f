"""The panel's announcements, sound and notifications, which the reader chooses."""

import json
import re
import time

from playwright.sync_api import Page, expect

from tests.browser.conftest import target_of
from tests.browser.pages import Pages, Target, until
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.incidents import incident

STORM = 40
# The pause between two announcements.
PAUSE_S = 5
# Record notifications and tones, which a browser under test neither shows nor plays.
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
# Record the texts for screen readers.
LISTENER = """() => {
    window.announced = [];
    for (const region of document.querySelectorAll("#polite, #urgent"))
        new MutationObserver(() => announced.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
}"""


def submit(target: Target, kind: str, urgency: str, **more: object) -> None:
    """Report an incident over HTTP."""
    body = json.dumps(incident(type=kind, urgency=urgency, **more)).encode()
    assert http_request("POST", f"{target.http_url}/incidents", body).status == 201


def shown(page: Page) -> list[list[str]]:
    """Return the notifications so far, by title and text."""
    notifications: list[list[str]] = page.evaluate("window.shown")
    return notifications


def announced_count(announcement: str) -> int:
    """Return the number of incidents that an announcement is about."""
    count = re.match(r"\d+", announcement)
    return int(count.group()) if count else 1


def test_only_urgent_incidents_sound_and_notify_and_only_by_choice(
    pages: Pages, serve: ServeFactory
) -> None:
    target = target_of(serve())
    page = pages.open(target, scripts=[RECORDER])
    panel = Panel(page).live()
    sound, notify = (page.get_by_role("button", name=name) for name in ("Sonido", "Avisos"))

    submit(target, "Sin elegir", "high")
    expect(page.get_by_role("alert").filter(has_text="Sin elegir")).to_have_count(1)
    assert (shown(page), page.evaluate("window.tones")) == ([], 0)

    notify.click()
    sound.click()
    for button in (sound, notify):
        expect(button).to_have_attribute("aria-pressed", "true")
    tried = page.evaluate("window.tones")
    assert tried > 0
    submit(target, "Baja", "low")
    expect(panel.row("Baja")).to_be_visible()
    submit(target, "Gas", "high", location="Cocina")
    until(page, lambda: bool(shown(page)))

    assert [text for _, text in shown(page)] == ["Cocina"]
    assert "Gas" in shown(page)[0][0]
    assert page.evaluate("window.tones") > tried


def test_the_chosen_sound_and_notifications_are_remembered(pages: Pages, local: Target) -> None:
    page = pages.open(local, scripts=[RECORDER])
    Panel(page).live()
    page.get_by_role("button", name="Sonido").click()

    page.reload()

    expect(page.get_by_role("button", name="Sonido")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Avisos")).to_have_attribute("aria-pressed", "false")


def test_many_incidents_are_announced_in_one_text_that_counts_them_all(
    pages: Pages, serve: ServeFactory
) -> None:
    target = target_of(serve())
    submit(target, "Antes", "high")
    page = pages.open(target)
    panel = Panel(page).live()
    expect(panel.row("Antes")).to_be_visible()
    page.evaluate(LISTENER)
    began = time.monotonic()

    for number in range(STORM):
        submit(target, f"Aviso {number}", "high" if number % 4 == 0 else "low")
    expect(panel.status(f"{STORM + 1} incidentes")).to_be_visible()
    until(page, lambda: sum(map(announced_count, page.evaluate("announced"))) >= STORM)

    announced = page.evaluate("announced")
    assert sum(map(announced_count, announced)) == STORM
    assert len(announced) <= 2 + (time.monotonic() - began) / PAUSE_S
    assert "Antes" not in str(announced)
