"""Ten minutes of incidents while clients come and go: does the server's memory grow?

A thousand clients, 20 incidents a second, 10 clients a second that disconnect and return with
``sync``. The duration is ``--minutes``, so it runs only if it is named.
"""

from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.machine import machine
from benchmarks.options import Options
from benchmarks.plots import Series, line_chart
from benchmarks.running import load, started
from benchmarks.servers import BY_NAME, OURS
from benchmarks.stats import spread
from benchmarks.tables import table

ON_ITS_OWN = True
CLIENTS = 1_000
RATE = 20
CHURN = 10
QUICK_S = 5.0
GROWTH = 0.05
# Pools and caches fill first; only later growth counts.
WARM_PART = 0.2


def run(options: Options) -> dict[str, Any]:
    """Soak, and report the progress each second."""
    seconds = QUICK_S if options.quick else options.minutes * 60
    clients = options.clients[0] if options.clients else CLIENTS
    about = machine()
    samples: list[dict[str, Any]] = []

    def sample(row: dict[str, Any]) -> None:
        samples.append(row)
        options.say(
            f"[{row['at_s']:.0f}/{seconds:.0f} s] soak  {row['rss_kib'] / 1024:.1f} MiB, "
            f"{row['deliveries']:,} deliveries, {row['reconnects']:,} reconnects"
        )

    with started(BY_NAME[OURS]) as running:
        how = {"clients": clients, "seconds": seconds, "rate": RATE, "churn": CHURN}
        found = load(running, "soak", how, sample)
    return {
        "machine": about,
        "options": {"minutes": seconds / 60, "quick": options.quick},
        "summary": _summary(found, samples),
        "end": found,
        "samples": samples,
    }


def _summary(found: dict[str, Any], samples: list[dict[str, Any]]) -> dict[str, Any]:
    if "error" in found or not samples:
        return {"error": found.get("error", "no sample")}
    ends_at = samples[-1]["at_s"]
    warm = [row["rss_kib"] for row in samples if row["at_s"] >= ends_at * WARM_PART]
    fifth = max(1, len(warm) // 5)
    before, after = (sum(part) / len(part) for part in (warm[:fifth], warm[-fifth:]))
    return {"rss_mib": spread(kib / 1024 for kib in warm), "growth": after / before - 1}


def report(result: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return the table and the curve of ``docs/performance.md``."""
    summary, end = result["summary"], result["end"]
    if "error" in summary:
        return {"soak": f"Failed: {summary['error']}"}
    points = [(row["at_s"] / 60, row["rss_kib"] / 1024) for row in result["samples"]]
    line_chart(
        folder / "soak.svg",
        title="Memory of the server over a soak with churn",
        x="minutes",
        y="MiB resident",
        series=[Series("Alerta UTEC", points, main=True)],
    )
    rss = summary["rss_mib"]
    rows = [
        ["minutes", f"{result['options']['minutes']:.1f}"],
        ["clients", f"{end['clients']:,}"],
        ["incidents, acknowledged", f"{end['messages']:,}, {end['ack_ms']['n']:,}"],
        ["deliveries", f"{end['deliveries']:,}"],
        ["reconnects, each with a `sync`", f"{end['reconnects']:,}"],
        ["refused, lost", f"{end['refused']}, {end['lost']}"],
        [
            "memory after the warm-up: min / median / max, MiB",
            f"{rss['min']:.1f} / {rss['median']:.1f} / {rss['max']:.1f}",
        ],
        ["growth from its first fifth to its last", f"{summary['growth']:+.1%}"],
        [
            "acknowledged after, p50 / p99, ms",
            f"{end['ack_ms']['p50']:.2f} / {end['ack_ms']['p99']:.2f}",
        ],
    ]
    return {"soak": table(["", ""], rows) + "\n\n![Memory over time](performance/soak.svg)"}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goal: constant memory."""
    summary, minutes = result["summary"], result["options"]["minutes"]
    text, target = f"growth of memory over a soak of {minutes:g} minutes", f"within {GROWTH:.0%}"
    if "error" in summary:
        return [Goal(text, target, summary["error"], met=False)]
    return [Goal(text, target, f"{summary['growth']:+.1%}", summary["growth"] <= GROWTH)]
