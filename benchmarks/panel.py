"""The panel in Chromium: first paint, and long tasks while incidents arrive.

With 5,000 open incidents: the times until a page shows something and follows the feed; then 50
changes a second for 20 s, while a reader types into the search and pages through the list. A task
over 50 ms is what browsers call a long task (W3C, Long Tasks API): the page feels stuck.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, sync_playwright

from benchmarks.goals import Goal
from benchmarks.machine import machine
from benchmarks.options import Options, Steps
from benchmarks.panel_feed import Feed
from benchmarks.running import started
from benchmarks.servers import BY_NAME, OURS
from benchmarks.stats import spread
from benchmarks.tables import figure, table
from tests.support import chromium

OPEN, QUICK_OPEN = 5_000, 500
RATE = 50
SECONDS, QUICK_SECONDS = 20.0, 2.0
ROUNDS = 3  # each takes half a minute
WAIT_MS = 60_000
LONG_MS, PAINT_MS = 50, 1_000
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
# Recorded from the page's start: [start, duration] in ms.
OBSERVE = """
    window.longTasks = []; window.slowEvents = [];
    const keep = (list) => (entries) =>
        list.push(...entries.getEntries().map((entry) => [entry.startTime, entry.duration]));
    new PerformanceObserver(keep(longTasks)).observe({ type: "longtask", buffered: true });
    new PerformanceObserver(keep(slowEvents))
        .observe({ type: "event", durationThreshold: 16, buffered: true });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def run(options: Options) -> dict[str, Any]:
    """Measure each round: a new page, then the changes."""
    rounds = 1 if options.quick else min(options.rounds, ROUNDS)
    seconds = QUICK_SECONDS if options.quick else SECONDS
    count = QUICK_OPEN if options.quick else OPEN
    about = machine()
    steps = Steps(options.say, 2 * rounds + 1)
    runs = []
    with started(BY_NAME[OURS]) as running, _browser() as browser:
        steps.next(f"panel: {count:,} incidents")
        with Feed(f"ws://127.0.0.1:{running.port}/dev") as feed:
            feed.fill(count)
            for number in range(1, rounds + 1):
                steps.next(f"panel {number}/{rounds}  a fresh page")
                with _page(browser, running.port, len(feed.open)) as page:
                    loaded = _loading(page)
                    steps.next(f"panel {number}/{rounds}  {RATE} changes a second")
                    changed = _changing(page, feed, seconds)
                runs.append({"round": number, **loaded, **changed})
    return {
        "machine": about,
        "options": {
            "rounds": rounds,
            "quick": options.quick,
            "open": count,
            "chromium": browser.version,
        },
        "summary": {key: spread(row[key] for row in runs) for key in runs[0] if key != "round"},
        "runs": runs,
    }


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.flags())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _page(browser: Browser, port: int, count: int) -> Iterator[Page]:
    """Open the panel in a new profile, and wait until it has ``count`` incidents."""
    context = browser.new_context(viewport=VIEWPORT, locale="es-PE")
    context.add_init_script(OBSERVE)
    context.set_default_timeout(WAIT_MS)
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        _shows(page, count)
        yield page
    finally:
        context.close()


def _shows(page: Page, count: int) -> None:
    """Wait until the page counts ``count`` incidents, with a poll that costs the page little."""
    page.wait_for_function(
        """count => document.getElementById("found").textContent.startsWith(
            `${count.toLocaleString("es")} `)""",
        arg=count,
        polling=50,
    )


def _loading(page: Page) -> dict[str, Any]:
    now = page.evaluate("performance.now()")
    return {
        "paint_ms": page.evaluate(PAINTED),
        "caught_up_ms": now,
        **_long("loading", page.evaluate("longTasks")),
    }


def _changing(page: Page, feed: Feed, seconds: float) -> dict[str, Any]:
    """Measure the page during the changes, while a reader uses it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    began, busy = page.evaluate("performance.now()"), _busy_s(devtools)
    with feed.changes(RATE):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _use(page)
    _shows(page, len(feed.open))
    lasted_s = (page.evaluate("performance.now()") - began) / 1000
    tasks = [task for task in page.evaluate("longTasks") if task[0] >= began]
    events = [event for event in page.evaluate("slowEvents") if event[0] >= began]
    return {
        "changes": feed.changed,
        "main_thread": (_busy_s(devtools) - busy) / lasted_s,
        "slowest_input_ms": max((duration for _, duration in events), default=0.0),
        **_long("changing", tasks),
    }


def _use(page: Page) -> None:
    """Search, clear the search, and page through the list with the keyboard.

    Locating elements by role would load the page more than any reader does.
    """
    page.evaluate("document.getElementById('search').focus()")
    page.keyboard.type("humo", delay=100)
    for _ in "humo":
        page.keyboard.press("Backspace", delay=50)
    page.evaluate("document.querySelector('#list li button').focus()")
    for key in ("PageDown", "PageDown", "End", "Home"):
        page.keyboard.press(key, delay=100)


def _busy_s(devtools: CDPSession) -> float:
    """Return the time for which the page's main thread has worked, in seconds."""
    metrics = {
        one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]
    }
    return float(metrics["TaskDuration"])


def _long(phase: str, tasks: list[list[float]]) -> dict[str, Any]:
    durations = [duration for _, duration in tasks]
    return {
        f"{phase}_long_tasks": len(durations),
        f"{phase}_longest_ms": max(durations, default=0.0),
        f"{phase}_median_long_ms": statistics.median(durations) if durations else 0.0,
    }


def report(result: dict[str, Any], _folder: Path) -> dict[str, str]:
    """Return the table of ``docs/performance.md``."""
    summary = result["summary"]
    rows = [
        ["first contentful paint, ms", figure(summary["paint_ms"])],
        [f"caught up with {OPEN:,} incidents after, ms", figure(summary["caught_up_ms"])],
        ["tasks over 50 ms until then", figure(summary["loading_long_tasks"])],
        ["the longest of them, ms", figure(summary["loading_longest_ms"])],
        [f"tasks over 50 ms at {RATE} changes/s", figure(summary["changing_long_tasks"])],
        ["the longest of them, ms", figure(summary["changing_longest_ms"])],
        ["the main thread's busy part then", figure(summary["main_thread"], 2)],
        ["slowest answer to a key then, ms", figure(summary["slowest_input_ms"])],
    ]
    return {"panel": table([f"Chromium {result['options']['chromium']}", ""], rows)}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals: a fast first paint, and no long stall."""
    summary = result["summary"]
    paint = summary["paint_ms"]["median"]
    longest = {phase: summary[f"{phase}_longest_ms"]["median"] for phase in ("loading", "changing")}
    words = {phase: f"{ms:.0f} ms" if ms else "none" for phase, ms in longest.items()}
    return [
        Goal(
            f"first paint of the panel with {OPEN:,} open incidents",
            f"< {PAINT_MS / 1000:g} s",
            f"{paint:.0f} ms",
            paint < PAINT_MS,
        ),
        *(
            Goal(
                f"longest task of the panel {when}",
                f"none over {LONG_MS} ms",
                words[phase],
                longest[phase] <= LONG_MS,
            )
            for phase, when in (
                ("loading", f"while it loads {OPEN:,}"),
                ("changing", f"at {RATE} changes a second"),
            )
        ),
    ]
