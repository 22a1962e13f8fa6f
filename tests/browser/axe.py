"""The findings of axe-core on a page, by WCAG 2.2 A and AA and its own best practices.

Empty ARIA attributes, which axe lets pass, are findings too.
"""

from playwright.sync_api import Page

from tests.support.emulator import ROOT

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async (tags) => (await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
})).violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target} ${node.failureSummary}`))"""
# axe takes an empty state, such as aria-current="", for a valid one; browsers read it as false.
EMPTY_STATES = """() => [...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes]
        .filter(({ name, value }) => name.startsWith("aria-") && value === "")
        .map(({ name }) => `${name}="": ${element.outerHTML.slice(0, 200)}`))"""


def violations(page: Page) -> list[str]:
    """Return the findings on the page in its current state."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"() => {{ {AXE} }}")
    found: list[str] = page.evaluate(RUN_AXE, TAGS) + page.evaluate(EMPTY_STATES)
    return found
