"""The goals of the benchmarks, and whether the figures reach them."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tables import NONE


@dataclass(frozen=True)
class Goal:
    """A goal; ``reached`` is the figure as text, and ``met`` is ``None`` if it was not measured."""

    text: str
    target: str
    reached: str = NONE
    met: bool | None = None


def goal_table(goals: Sequence[Goal]) -> str:
    """Return a table of all goals."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [f"| {g.text} | {g.target} | {g.reached} | {words[g.met]} |" for g in goals]
    return "\n".join(
        ["| goal | target | measured (median) | reached |", "|---|---|---|---|", *rows]
    )
