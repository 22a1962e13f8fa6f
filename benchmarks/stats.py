"""Figures over several rounds: minimum, median, maximum."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

Row = dict[str, Any]
Spread = dict[str, float]


def spread(values: Iterable[float]) -> Spread | None:
    """Return minimum, median and maximum, or ``None`` without figures."""
    found = sorted(values)
    if not found:
        return None
    return {"min": found[0], "median": median(found), "max": found[-1], "n": len(found)}


def groups(rows: Sequence[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    """Group the rows by ``keys``, in the order of their first row."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def ratios(
    rows: Sequence[Row], figure: Callable[[Row], float], to: Callable[[Row], Row | None]
) -> Spread | None:
    """Compare each row with the row of the same round that ``to`` returns."""
    found = []
    for row in rows:
        other = to(row)
        if other is not None and "error" not in row and "error" not in other:
            found.append(figure(row) / figure(other))
    return spread(found)
