"""What was aimed at, and whether it was reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tables import NONE


@dataclass(frozen=True)
class Goal:
    """``reached`` is the figure in words; ``met`` is none where it was not measured."""

    text: str
    target: str
    reached: str = NONE
    met: bool | None = None


def goal_table(goals: Sequence[Goal]) -> str:
    """All of them."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [f"| {g.text} | {g.target} | {g.reached} | {words[g.met]} |" for g in goals]
    return "\n".join(
        ["| goal | target | measured (median) | reached |", "|---|---|---|---|", *rows]
    )
