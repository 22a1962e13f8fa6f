"""The findings of axe-core on a page, by WCAG 2.2 A and AA and its own best practices."""

from playwright.sync_api import Page

from tests.support.emulator import ROOT

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async (tags) => (await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
})).violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target} ${node.failureSummary}`))"""


def violations(page: Page) -> list[str]:
    """Return axe's findings on the page in its current state."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"() => {{ {AXE} }}")
    found: list[str] = page.evaluate(RUN_AXE, TAGS)
    return found
