"""The benchmark and the model of commits in a rush, in small."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import commits, results
from benchmarks.commit_model import simulate
from benchmarks.options import Options


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """One short round."""
    return commits.run(Options(quick=True))


def test_combining_serves_a_rush_sooner_than_one_transaction_after_another() -> None:
    alone, combined = (simulate(policy, 60, 0.5) for policy in ("optimistic", "combining"))

    assert combined["unavailable"] == alone["unavailable"] == 0
    assert combined["ack_p95_s"] < alone["ack_p95_s"] / 3
    assert combined["transactions"] < alone["transactions"] / 3


@pytest.mark.parametrize("policy", ["optimistic", "combining"])
def test_a_report_alone_takes_a_read_and_a_transaction(policy: str) -> None:
    figures = simulate(policy, 1, 1)

    assert (figures["calls"], figures["transactions"]) == (2, 1)


def test_the_stored_figures_are_those_of_the_model(small: dict[str, Any]) -> None:
    stored = results.read(results.RESULTS, "commits")

    assert stored is not None
    assert small["model"] == stored["model"][: len(small["model"])]


def test_every_report_to_the_stand_in_is_acknowledged(small: dict[str, Any]) -> None:
    assert [row["policy"] for row in small["runs"]] == ["optimistic", "combining"]
    for row in small["runs"]:
        assert row["unavailable"] == 0
        assert 0 < row["ack_p50_s"] <= row["ack_p95_s"]


def test_the_report_has_a_row_for_each_rush_and_rate(small: dict[str, Any], tmp_path: Path) -> None:
    sections = commits.report(small, tmp_path)

    assert {name: len(text.splitlines()) for name, text in sections.items()} == {
        "commits-model": 4,
        "commits": 4,
    }
    assert [goal.met for goal in commits.goals(small)] == [None]
