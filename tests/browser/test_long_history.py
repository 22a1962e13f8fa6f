"""The history of an incident with many revisions, which the panel reads in pages."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect

from alerta_utec.client import AlertaUtec
from alerta_utec.domain.change import Change
from tests.browser.conftest import target_of
from tests.browser.pages import Pages
from tests.conftest import ServeFactory
from tests.contract.builders import creation, update
from tests.support.filled_store import fill_store

NAME, PAGE, REVISIONS = "largo", 200, 405


def long_history() -> Iterator[Change]:
    change = creation(incidentId=NAME)
    yield change
    for seq in range(2, REVISIONS + 1):
        change = update(change.after.at_seq(seq - 1), note=f"nota {seq}")
        yield change


def test_earlier_steps_are_loaded_page_by_page_and_none_is_missing(
    serve: ServeFactory, pages: Pages, tmp_path: Path
) -> None:
    fill_store(tmp_path / "largo", long_history())
    server = serve(data=tmp_path / "largo")
    page = pages.open(target_of(server), path=f"#i={NAME}")
    steps = page.locator("#detail").get_by_role("listitem")
    earlier = page.get_by_role("button", name="Ver pasos anteriores")

    expect(steps).to_have_count(PAGE)
    earlier.focus()
    page.keyboard.press("Enter")
    expect(steps).to_have_count(2 * PAGE)
    expect(earlier).to_be_focused()
    # A change that comes meanwhile moves the newest page, which must leave no gap.
    with AlertaUtec(server.http_url) as client:
        client.update(NAME, note="la última")
    expect(steps).to_have_count(2 * PAGE + 1)
    expect(steps.first).to_contain_text("la última")
    page.keyboard.press("Enter")
    expect(steps).to_have_count(REVISIONS + 1)

    expect(earlier).to_be_hidden()
    expect(steps.last).to_contain_text("Reportado")
    notes = page.locator("#detail blockquote").all_text_contents()
    assert notes == ["la última", *(f"nota {seq}" for seq in range(REVISIONS, 1, -1))]
