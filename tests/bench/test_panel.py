"""The panel's benchmark in small: the page follows every change, and the report shows it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import panel, results
from benchmarks.machine import ROOT

RUN_S = 90


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One short round by the command."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "panel", "--quick", "--results", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    found = results.read(folder, "panel")
    assert found is not None
    return found


def test_the_page_paints_before_it_has_caught_up_and_follows_the_changes(
    trial: dict[str, Any],
) -> None:
    (run,) = trial["runs"]

    assert 0 < run["paint_ms"] <= run["caught_up_ms"]
    # The changes of two seconds at least; the run ends only when the page shows them all.
    assert run["changes"] >= 2 * panel.RATE * 0.9
    assert 0 < run["main_thread"] < 1.5
    for phase in ("loading", "changing"):
        longest, count = run[f"{phase}_longest_ms"], run[f"{phase}_long_tasks"]
        assert longest >= panel.LONG_MS if count else longest == 0


def test_the_panel_report_shows_the_figures(trial: dict[str, Any], tmp_path: Path) -> None:
    drawn = panel.report(trial, tmp_path)["panel"]

    assert trial["options"]["chromium"] in drawn
    assert f"{trial['runs'][0]['paint_ms']:,.0f}" in drawn


@pytest.mark.parametrize(
    ("paint_ms", "longest_ms", "met"), [(999.0, 50.0, True), (1000.0, 50.1, False)]
)
def test_goals_are_met_up_to_their_limits(
    trial: dict[str, Any], paint_ms: float, longest_ms: float, met: bool
) -> None:
    one = {"n": 1, "min": 0.0, "max": 0.0}
    summary = trial["summary"] | {
        "paint_ms": one | {"median": paint_ms},
        "loading_longest_ms": one | {"median": longest_ms},
        "changing_longest_ms": one | {"median": longest_ms},
    }

    found = panel.goals(trial | {"summary": summary})

    assert [goal.met for goal in found] == [met] * 3
