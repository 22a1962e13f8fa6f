"""Writes the tables and charts of docs/scale.md: ``python -m benchmarks.scale_report``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.plots import Series, line_chart
from benchmarks.report import put
from benchmarks.scale_facts import COSTS, MILLION, PRICES, SIZES, USE, Fact
from benchmarks.scale_model import (
    QUOTAS,
    READING,
    RUSH,
    earlier_reading_s,
    floor_s,
    rush_seconds,
    seconds,
)
from benchmarks.scale_money import (
    NOW,
    VERSION_01,
    change_dollars,
    dollars,
    dollars_at_most,
    fixed_dollars,
    heartbeat_dollars,
    ping_dollars,
)
from benchmarks.tables import table

DOCUMENT = ROOT / "docs" / "scale.md"
CAMPUSES = (1_000, 10_000)


def sections(folder: Path) -> dict[str, str]:
    """Return the tables of docs/scale.md, and draw its charts into ``folder``."""
    _draw(folder)
    return {
        "use": _facts(USE),
        "prices": _facts(PRICES),
        "costs": _facts(COSTS),
        "time": _by_size(seconds, lambda s: f"{s:,.2f}", "all, after the commit"),
        "reading": table(
            ["seconds to read who is connected", *_heads()],
            [
                ["before the shards are queued", *_by(lambda n: f"{seconds(n)[READING]:,.2f}")],
                ["by version 0.1", *_by(lambda n: f"{earlier_reading_s(n):,.2f}")],
            ],
        ),
        "rush": table(
            [f"seconds until all have {RUSH} changes", *_heads()],
            [
                [how, *(f"{rush_seconds(size)[how]:,.2f}" for size in SIZES)]
                for how in rush_seconds(SIZES[0])
            ],
        ),
        "money": _by_size(dollars, lambda d: f"{d:,.2f}", "a month"),
        "versions": _versions(),
        "idle": table(
            ["dollars a month", *_heads()],
            [
                ["heartbeats", *_by(lambda n: f"{heartbeat_dollars(n):,.2f}")],
                ["the pings besides", *_by(lambda n: f"{ping_dollars(n):,.2f}")],
            ],
        ),
        "change": table(
            ["dollars for one more change", *_heads()],
            [["", *_by(lambda n: f"{change_dollars(n):,.4f}")]],
        ),
        "quotas": _quotas(),
    }


def _versions() -> str:
    releases = {"0.1": VERSION_01, "0.2": NOW}
    columns = [(size, release) for size in CAMPUSES for release in releases.values()]
    heads = [f"{size:,} clients, {name}" for size in CAMPUSES for name in releases]
    found = [dollars(size, release) for size, release in columns]
    rows = [[item, *(f"{one[item]:,.2f}" for one in found)] for item in found[0]]
    totals = [f"**{sum(one.values()):,.2f}**" for one in found]
    most = [f"{dollars_at_most(*column):,.2f}" for column in columns]
    rows += [["**a month**", *totals], ["at most, by the metrics", *most]]
    return table(["dollars a month", *heads], rows)


def _facts(facts: Mapping[str, Fact]) -> str:
    lines = ["| | value | source |", "|---|--:|---|"]
    lines += [f"| {f.what} | {_value(f)} | {f.why} |" for f in facts.values()]
    return "\n".join(lines)


def _value(fact: Fact) -> str:
    if fact.unit == "$":
        many = fact.value < 0.001
        return f"${fact.value * MILLION:.4g} a million" if many else f"${fact.value:.4g}"
    return f"{fact.value:g} {fact.unit}".strip()


def _by(show: Callable[[int], str]) -> list[str]:
    return [show(size) for size in SIZES]


def _heads() -> list[str]:
    return [f"{size:,}" for size in SIZES]


def _by_size(
    parts: Callable[[int], dict[str, float]], show: Callable[[float], str], sum_: str
) -> str:
    found = [parts(size) for size in SIZES]
    rows = [[name, *(show(one[name]) for one in found)] for name in found[0]]
    rows.append([f"**{sum_}**", *(f"**{show(sum(one.values()))}**" for one in found)])
    return table(["", *_heads()], rows)


def _quotas() -> str:
    lines = [
        f"| | limit | {' | '.join(_heads())} | raised |",
        "|---|--:|" + "--:|" * len(SIZES) + "---|",
    ]
    for quota in QUOTAS:
        parts = [quota.used(size) / quota.limit for size in SIZES]
        cells = [f"**{part:.0%}**" if part > 1 else f"{part:.0%}" for part in parts]
        lines.append(
            f"| {quota.name} | {quota.limit:,.0f} | {' | '.join(cells)} | {quota.raised} |"
        )
    return "\n".join(lines)


def _draw(folder: Path) -> None:
    sizes = [int(100 * 10 ** (step / 8)) for step in range(33)]
    line_chart(
        folder / "time.svg",
        title="From the commit until the last client has it",
        x="clients",
        y="seconds",
        series=[
            Series("all", [(n, sum(seconds(n).values())) for n in sizes], main=True),
            Series("the quota's floor", [(n, floor_s(n)) for n in sizes if floor_s(n)], limit=True),
            Series(READING, [(n, seconds(n)[READING]) for n in sizes]),
        ],
        log_x=True,
        log_y=True,
    )
    names = ["connections", "heartbeats", "broadcasts", "`sync` at each opening"]
    line_chart(
        folder / "money.svg",
        title="A month, in dollars",
        x="clients",
        y="dollars",
        series=[
            Series("all", [(n, sum(dollars(n).values())) for n in sizes], main=True),
            *(
                Series(name.replace("`", ""), [(n, dollars(n)[name]) for n in sizes])
                for name in names
            ),
            Series("what does not grow", [(n, fixed_dollars()) for n in sizes], limit=True),
        ],
        log_x=True,
        log_y=True,
    )


def write(document: Path) -> None:
    """Write the tables into the document, and the charts into ``scale/`` beside it."""
    text = document.read_text()
    for name, section in sections(document.parent / "scale").items():
        text = put(text, name, section)
    document.write_text(text)


if __name__ == "__main__":
    write(DOCUMENT)
