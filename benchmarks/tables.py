"""Markdown tables and their figures."""

from collections.abc import Sequence
from typing import Any

from benchmarks.stats import Spread

NONE = "n/a"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with text in the first column and figures in the others."""
    rule = ["---", *("--:" for _ in heads[1:])]
    lines = [heads, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(spread: Spread | None, digits: int = 0, scale: float = 1.0) -> str:
    """Return ``median (min to max)``, or the median alone for a single round."""
    if spread is None:
        return NONE
    low, middle, high = (f"{spread[k] * scale:,.{digits}f}" for k in ("min", "median", "max"))
    return middle if spread["n"] == 1 else f"{middle} ({low} to {high})"


def failures(rows: Sequence[dict[str, Any]], *names: str) -> str:
    """Return a list of failures to put below a table, empty without failures."""
    lines = [
        f"- {', '.join(str(row[name]) for name in names)}: {error}"
        for row in rows
        for error in sorted(set(row["errors"]))
    ]
    return "\n\nFailed:\n\n" + "\n".join(lines) if lines else ""
