"""Text that means something to a browser, in every field that people fill in."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import home_of
from tests.browser.pages import Home, Pages
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
# The charts show as many types and places.
BARS = 6
PHONE = {"width": 390, "height": 844}


def submit(home: Home, **fields: object) -> str:
    """Report an incident over HTTP; its id."""
    body = json.dumps(incident(**fields)).encode()
    answer = http_request("POST", f"{home.http_url}/incidents", body)
    assert answer.status == 201, answer.body
    return str(answer.json()["incidentId"])


def add_note(home: Home, incident_id: str, note: str) -> None:
    """Put a note into an incident's history over HTTP."""
    url = f"{home.http_url}/incidents/{incident_id}"
    assert http_request("PATCH", url, json.dumps({"note": note}).encode()).status == 200


def assert_isolated(place: Locator) -> None:
    """The text that turns its direction is there, and cannot turn what stands around it."""
    texts = place.get_by_text(TURNED, exact=True).all()
    modes = {text.evaluate("element => getComputedStyle(element).unicodeBidi") for text in texts}
    assert texts
    assert modes <= {"isolate", "isolate-override", "plaintext"}


def assert_inert(page: Page) -> None:
    """Nothing that people wrote has become a part of the page."""
    assert page.evaluate("window.ran") is None
    assert page.locator("body :is(script, img, iframe, style, b > script)").count() == 0
    assert page.locator("body :is([onerror], [onload], [onfocus])").count() == 0


def test_markup_in_any_field_is_shown_as_the_text_that_it_is(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    for number, text in enumerate(MARKUP):
        fields = {"type": text[:80], "location": text, "description": text}
        name = submit(home, incidentId=f"n-{number}", urgency="high", **fields, extra=text)
        add_note(home, name, text)
    panel = Panel(pages.open(home)).live()

    expect(panel.summary.get_by_role("table")).to_have_count(3)
    charted = [text for text in MARKUP if panel.summary.get_by_text(text, exact=True).count()]
    assert len(charted) >= BARS
    for text in MARKUP:
        detail = panel.open(text[:80])
        expect(detail.get_by_role("heading", name=text[:80], exact=True)).to_be_visible()
        # The place, the description, the field of its own and the note.
        expect(detail.get_by_text(text, exact=True)).to_have_count(4 + (len(text) <= 80))
        assert_inert(panel.page)

    for text in MARKUP:
        panel.filters.get_by_label("Lugar").select_option(text)
        expect(panel.list.get_by_role("button")).to_have_count(1)
    assert_inert(panel.page)


def test_markup_typed_into_the_form_reaches_everybody_as_text(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    writer, reader = (Panel(pages.open(home)).live() for _ in range(2))

    for text in MARKUP[:4]:
        writer.report(text[:80], text, urgency="high", description=text)
        expect(writer.dialog).to_be_hidden()

    for panel in (writer, reader):
        expect(panel.list.get_by_role("button")).to_have_count(4)
        assert_inert(panel.page)


def test_text_that_turns_its_direction_turns_nothing_around_it(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    name = submit(home, type=TURNED, location=TURNED, description=TURNED, extra=TURNED)
    add_note(home, name, TURNED)
    panel = Panel(pages.open(home)).live()

    expect(panel.summary.get_by_role("table")).to_have_count(3)
    assert_isolated(panel.summary)
    assert_isolated(panel.row(TURNED))
    detail = panel.open(TURNED)
    expect(detail.get_by_role("blockquote")).to_have_text(TURNED)
    assert_isolated(detail)


def test_words_without_an_end_stay_within_a_phone_s_screen(
    pages: Pages, serve: ServeFactory
) -> None:
    home = home_of(serve())
    kind, place, text = "m" * 80, "w" * 120, "ñ" * 4000
    name = submit(home, type=kind, location=place, description=text, **{"x" * 60: "y" * 500})
    add_note(home, name, "z" * 2000)
    panel = Panel(pages.open(home, viewport=PHONE)).live()
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
