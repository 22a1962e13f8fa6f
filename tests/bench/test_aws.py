"""The benchmarks of the AWS deployment in small: their counts add up, and the report is drawn."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import aws_fanout, aws_rush, cold_start
from benchmarks.options import Options

CLIENTS = (40, 300)


@pytest.fixture(scope="module")
def fanout() -> dict[str, Any]:
    """One short round."""
    return aws_fanout.run(Options(quick=True, clients=CLIENTS))


def test_every_post_of_every_client_is_answered(fanout: dict[str, Any]) -> None:
    measured = [(row["client"], row["tls"]) for row in fanout["clients"]]

    assert sorted(measured) == [(c, t) for c in ("alerta", "boto3", "loop") for t in (False, True)]
    assert all(row["delivered"] == row["posts"] > 0 for row in fanout["clients"])
    assert all(row["throttled"] == 0 for row in fanout["clients"])


def test_every_broadcaster_reaches_every_connection(fanout: dict[str, Any]) -> None:
    reached = {(row["how"], row["clients"]): row["requests"] for row in fanout["broadcasts"]}

    ways = ("alerta", "alerta-quota", "boto3", "loop")
    assert reached.keys() == {(how, clients) for how in ways for clients in CLIENTS}
    for (how, clients), requests in reached.items():
        # boto3's clients open their connections with additional posts.
        assert requests == clients + (min(clients, 64) if how in ("boto3", "loop") else 0)


def test_the_report_has_a_row_for_each_client_and_broadcaster(
    fanout: dict[str, Any], tmp_path: Path
) -> None:
    sections = aws_fanout.report(fanout, tmp_path)

    assert sections.keys() == {"aws-clients", "aws-fanout", "aws-choices"}
    assert sections["aws-clients"].count("\n") == 7
    assert "| the quota's floor | 0.00 | 0.00 |" in sections["aws-fanout"]
    assert (tmp_path / "aws-fanout.svg").read_text().startswith("<svg")
    assert [goal.text for goal in aws_fanout.goals(fanout)] == [
        "AWS: posts a second beside boto3's on 64 threads",
        "AWS: CPU of a post",
    ]


@pytest.fixture(scope="module")
def rush() -> dict[str, Any]:
    """One short round."""
    return aws_rush.run(Options(quick=True, clients=CLIENTS))


def test_a_batch_is_one_post_to_each_client_of_v2_and_one_a_change_to_others(
    rush: dict[str, Any],
) -> None:
    posts = {row["subprotocol"]: (row["clients"], row["requests"]) for row in rush["batches"]}

    assert posts == {"alerta.v2": (300, 300), None: (40, 40 * aws_rush.CHANGES)}


def test_reports_are_measured_with_and_without_the_pace(
    rush: dict[str, Any], tmp_path: Path
) -> None:
    rows = [(row["pace"], row["clients"]) for row in rush["reports"]]
    sections = aws_rush.report(rush, tmp_path)

    assert rows == [(True, 300), (False, 300)]
    assert all(row["requests"] >= 300 for row in rush["reports"])
    assert sections["aws-reports"].count("\n") == sections["aws-batches"].count("\n") == 3
    assert [goal.text for goal in aws_rush.goals(rush)] == [
        "AWS: posts for 25 changes to 300 clients",
        "AWS: slowest report while 300 clients are told",
    ]


@pytest.mark.parametrize(
    ("clients", "seconds"), [(5_000, 0.0), (5_001, 0.0001), (10_000, 0.5), (100_000, 9.5)]
)
def test_the_quota_has_a_floor(clients: int, seconds: float) -> None:
    assert aws_fanout.floor_s(clients, aws_fanout.QUOTA) == pytest.approx(seconds)


def test_the_cold_start_benchmark_imports_and_reports_every_lambda(tmp_path: Path) -> None:
    found = cold_start.run(Options(quick=True))

    sections = cold_start.report(found, tmp_path)

    names = list(cold_start.QUICK)
    assert set(names) < set(cold_start.lambdas())
    assert [row["lambda"] for row in found["summary"]] == names
    assert all(f"| `{name}` |" in sections["cold-start"] for name in names)
    assert all(row["uncompiled_ms"]["n"] == row["import_ms"]["n"] == 1 for row in found["summary"])
    (goal,) = cold_start.goals(found)
    assert goal.met is not None
