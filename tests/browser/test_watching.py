"""The page's Content-Security-Policy, and the monitor that fails a test for a violation."""

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import Pages, Target, until
from tests.browser.panel import Panel

FORBIDDEN = {
    "says an error": "() => console.error('oh')",
    "throws": "() => { setTimeout(() => { throw new Error('oh') }) }",
    "asks another": "() => { fetch('https://elsewhere.example/').catch(() => {}) }",
    "shows another's picture": "() => { new Image().src = 'https://elsewhere.example/x.png' }",
    "opens another's socket": "() => { new WebSocket('wss://elsewhere.example/') }",
    "takes text for markup": "() => { document.body.innerHTML = '<b>x</b>' }",
    "runs a script of its own": """() => {
        const script = document.createElement('script');
        document.body.append(script);
        script.text = '1';
    }""",
    "runs a script of another": """() => {
        const script = document.createElement('script');
        document.body.append(script);
        script.src = 'https://elsewhere.example/x.js';
    }""",
    "styles inline": "() => { document.body.setAttribute('style', 'color: red') }",
    "listens inline": "() => { document.body.setAttribute('onclick', 'alert(1)') }",
    "frames itself": """() => {
        const frame = document.createElement('iframe');
        document.body.append(frame);
        frame.src = location.href;
    }""",
}


def test_a_forbidden_action_of_the_page_is_blocked_and_recorded(
    browser: Browser, local: Target
) -> None:
    pages = Pages(browser)
    page = Panel(pages.open(local)).live().page
    assert pages.faults() == []

    for script in FORBIDDEN.values():
        before = len(pages.faults())
        page.evaluate(f"() => {{ try {{ ({script})() }} catch {{}} }}")
        until(page, lambda before=before: len(pages.faults()) > before)

    with pytest.raises(AssertionError):
        pages.close()
