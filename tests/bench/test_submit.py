"""The benchmark of submitters in small: its counts add up."""

from pathlib import Path

from benchmarks import submit
from benchmarks.options import Options

CLIENTS = 8


def test_every_submission_is_acknowledged_and_reaches_every_client() -> None:
    result = submit.run(Options(quick=True, clients=(1, CLIENTS)))

    assert [run.get("error") for run in result["runs"]] == [None] * 4
    assert {run["server"] for run in result["runs"]} == {"alerta", "one-by-one"}
    for run in result["runs"]:
        assert run["acks"] > 0
        assert run["acks_in_all"] >= run["acks"]
        assert (run["errors"], run["updates_missing"]) == (0, 0)
        assert 0 < run["ack_s"]["p50"] <= run["ack_s"]["p99"] <= run["ack_s"]["max"]
        assert 0 <= run["client_idle"] <= 1
    assert all(row["complete"] for row in result["summary"])


def test_the_report_has_a_row_for_each_size_and_goals_for_some(tmp_path: Path) -> None:
    result = submit.run(Options(quick=True, clients=(CLIENTS,)))

    section = submit.report(result, tmp_path)["submit"]

    assert len(section.splitlines()) == 4
    assert [goal.met for goal in submit.goals(result)] == [None, None, None]
