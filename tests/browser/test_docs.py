"""The page at /docs, which shows the HTTP API with Swagger UI."""

from playwright.sync_api import expect

from tests.browser.pages import Pages, Target


def test_the_docs_page_lists_the_routes_under_its_policy(pages: Pages, target: Target) -> None:
    # The page loads nothing from a URL, so it has no icon.
    page = pages.open(target, path="docs", expected=["favicon.ico"])

    routes = page.locator(".opblock-summary")
    expect(routes.filter(has_text="/incidents").first).to_be_visible()
    expect(page.get_by_role("heading", name="Alerta UTEC Realtime")).to_be_visible()
