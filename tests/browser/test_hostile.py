"""Texts with a meaning for the browser, in every field that people fill in."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import target_of
from tests.browser.pages import Pages, Target
from tests.browser.panel import Panel
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.incidents import incident

RAN = "window.ran=1"
MARKUP = (
    f"<script>{RAN}</script>",
    f"<img src=x onerror='{RAN}'>",
    f"<svg/onload='{RAN}'>",
    f"\"' onfocus='{RAN}' autofocus x='",
    f"</button></li></ul><script>{RAN}</script>",
    "{{constructor.constructor('window.ran=1')()}}${window.ran=1}",
    f"javascript:{RAN}",
    "</style><style>*{display:none!important}</style>",
    "&lt;b&gt;&#x3C;script&#x3E;",
)
TURNED = "foto\u202egnp.exe\u2066 al revés"
# The number of types and of places in the charts.
BARS = 6
PHONE = {"width": 390, "height": 844}


def submit(target: Target, **fields: object) -> str:
    """Report an incident over HTTP, and return its id."""
    body = json.dumps(incident(**fields)).encode()
    answer = http_request("POST", f"{target.http_url}/incidents", body)
    assert answer.status == 201, answer.body
    return str(answer.json()["incidentId"])


def add_note(target: Target, incident_id: str, note: str) -> None:
    """Add a note to an incident's history over HTTP."""
    url = f"{target.http_url}/incidents/{incident_id}"
    assert http_request("PATCH", url, json.dumps({"note": note}).encode()).status == 200


def assert_isolated(place: Locator) -> None:
    """Check that right-to-left text is present and does not affect the text around it."""
    texts = place.get_by_text(TURNED, exact=True).all()
    modes = {text.evaluate("element => getComputedStyle(element).unicodeBidi") for text in texts}
    assert texts
    assert modes <= {"isolate", "isolate-override", "plaintext"}


def assert_inert(page: Page) -> None:
    """Check that no text of a person has become part of the page's markup."""
    assert page.evaluate("window.ran") is None
    assert page.locator("body :is(script, img, iframe, style, b > script)").count() == 0
    assert page.locator("body :is([onerror], [onload], [onfocus])").count() == 0


def test_markup_in_any_field_is_shown_as_text(pages: Pages, serve: ServeFactory) -> None:
    target = target_of(serve())
    for number, text in enumerate(MARKUP):
        fields = {"type": text[:80], "location": text, "description": text}
        name = submit(target, incidentId=f"n-{number}", urgency="high", **fields, extra=text)
        add_note(target, name, text)
    panel = Panel(pages.open(target)).live()

    expect(panel.summary.get_by_role("table")).to_have_count(3)
    charted = [text for text in MARKUP if panel.summary.get_by_text(text, exact=True).count()]
    assert len(charted) >= BARS
    for text in MARKUP:
        detail = panel.open(text[:80])
        expect(detail.get_by_role("heading", name=text[:80], exact=True)).to_be_visible()
        # The place, the description, the extra field and the note.
        expect(detail.get_by_text(text, exact=True)).to_have_count(4 + (len(text) <= 80))
        assert_inert(panel.page)

    for text in MARKUP:
        panel.filters.get_by_label("Lugar").select_option(text)
        expect(panel.list.get_by_role("button")).to_have_count(1)
    assert_inert(panel.page)


def test_markup_typed_into_the_form_reaches_every_page_as_text(
    pages: Pages, serve: ServeFactory
) -> None:
    target = target_of(serve())
    writer, reader = (Panel(pages.open(target)).live() for _ in range(2))

    for text in MARKUP[:4]:
        writer.report(text[:80], text, urgency="high", description=text)
        expect(writer.dialog).to_be_hidden()

    for panel in (writer, reader):
        expect(panel.list.get_by_role("button")).to_have_count(4)
        assert_inert(panel.page)


def test_right_to_left_text_does_not_turn_the_text_around_it(
    pages: Pages, serve: ServeFactory
) -> None:
    target = target_of(serve())
    name = submit(target, type=TURNED, location=TURNED, description=TURNED, extra=TURNED)
    add_note(target, name, TURNED)
    panel = Panel(pages.open(target)).live()

    expect(panel.summary.get_by_role("table")).to_have_count(3)
    assert_isolated(panel.summary)
    assert_isolated(panel.row(TURNED))
    detail = panel.open(TURNED)
    expect(detail.get_by_role("blockquote")).to_have_text(TURNED)
    assert_isolated(detail)


def test_very_long_words_fit_a_phones_screen(pages: Pages, serve: ServeFactory) -> None:
    target = target_of(serve())
    kind, place, text = "m" * 80, "w" * 120, "ñ" * 4000
    name = submit(target, type=kind, location=place, description=text, **{"x" * 60: "y" * 500})
    add_note(target, name, "z" * 2000)
    panel = Panel(pages.open(target, viewport=PHONE)).live()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

    expect(panel.row(kind)).to_be_visible()
    assert not panel.page.evaluate(wide)
    detail = panel.open(kind)
    expect(detail.get_by_role("blockquote")).to_be_visible()

    assert not panel.page.evaluate(wide)
    box = detail.bounding_box()
    assert box is not None
    assert box["width"] <= PHONE["width"]
    assert not detail.evaluate("element => element.scrollWidth > element.clientWidth")
