"""docs/performance.md: the text is written by hand, the marked sections are drawn here.

A section NAME is between ``<!-- NAME -->`` and ``<!-- /NAME -->``.
"""

import re
from pathlib import Path
from typing import Any

from benchmarks import catalogue, results
from benchmarks.goals import Goal, goal_table
from benchmarks.machine import ROOT
from benchmarks.tables import NONE

DOCUMENT = ROOT / "docs" / "performance.md"
_MARKED = r"(<!-- {name} -->\n).*?(<!-- /{name} -->)"


class NoPlace(Exception):
    """The document has no markers for a section."""


def draw(kept: Path, document: Path) -> None:
    """Write the sections for the results in ``kept``, and the charts into ``performance/``.

    Raises:
        NoPlace.
    """
    text = document.read_text()
    charts = document.parent / "performance"
    found = {
        name: result
        for name in catalogue.names()
        if (result := results.read(kept, name)) is not None
    }
    goals: list[Goal] = []
    sections: dict[str, str] = {}
    for name, result in found.items():
        benchmark = catalogue.module(name)
        sections |= benchmark.report(result, charts)
        goals += benchmark.goals(result)
    if found:
        sections |= {"runs": _runs(found), "goals": goal_table(goals)}
    for name, section in sections.items():
        text = put(text, name, section)
    document.write_text(text)


def put(text: str, name: str, section: str) -> str:
    """Return the text with ``section`` between its markers.

    Raises:
        NoPlace.
    """
    marked = re.compile(_MARKED.format(name=re.escape(name)), re.DOTALL)
    if not marked.search(text):
        raise NoPlace(f"<!-- {name} --> … <!-- /{name} --> is missing in the document")
    return marked.sub(lambda match: f"{match[1]}{section}\n{match[2]}", text)


def _runs(found: dict[str, dict[str, Any]]) -> str:
    heads = "| benchmark | when | version of this repository | machine |\n|---|---|---|---|\n"
    return heads + "\n".join(
        f"| `{name}` | {about['date']} | {about['commit'] or NONE} | {_machine(about)} |"
        for name, about in ((name, result["machine"]) for name, result in found.items())
    )


def _machine(about: dict[str, Any]) -> str:
    kind = "virtual, " if about["virtual"] else ""
    return (
        f"{about['cpu']}, {kind}{about['cores']} cores, {about['memory_gib']:g} GiB; "
        f"{about['system']}, Linux {about['kernel']}, TCP {about['congestion_control']}, "
        f"Python {about['python']}"
    )
