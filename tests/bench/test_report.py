"""The processing of figures: spreads, ratios, goals, tables and the document."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import catalogue, fanout, native, report, results
from benchmarks.goals import Goal, goal_table
from benchmarks.machine import machine
from benchmarks.options import Options
from benchmarks.stats import spread
from benchmarks.tables import figure


def row(server: str, number: int, speed: int, case: str = "single") -> dict[str, Any]:
    """Return one measurement at 1,000 clients."""
    times = {"n": 9, "min": 1.0, "p50": 2.0, "p99": 3.0, "max": 4.0}
    return {
        "round": number,
        "server": server,
        "case": case,
        "clients": 1_000,
        "deliveries_per_s": speed,
        "first_ms": times,
        "last_ms": times,
        "rss_before_kib": 1_000,
        "rss_open_kib": 11_000,
        "server_cpu": 0.9,
        "client_idle": 0.5,
        "client_batch": 2.0,
        "others": 0.0,
    }


def found(*rows: dict[str, Any], servers: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return a result with these rows."""
    about = machine()
    return {"machine": about, "servers": servers, "summary": fanout.summary(rows), "runs": rows}


LIMIT = {"name": "c", "label": "C loop", "version": "1"}
OURS = {"name": "alerta", "label": "Alerta UTEC", "version": "2"}


def test_a_spread_has_minimum_median_and_maximum() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"min": 1.0, "median": 2.0, "max": 3.0, "n": 3}
    assert spread([]) is None


def test_a_figure_shows_its_spread_only_for_several_rounds() -> None:
    assert figure(spread([1500.0, 1000.0, 2000.0]), 1, 1e-3) == "1.5 (1.0 to 2.0)"
    assert figure(spread([1500.0])) == "1,500"
    assert figure(None) == "n/a"


def test_a_ratio_compares_figures_of_the_same_round() -> None:
    rows = [row("c", 1, 200), row("alerta", 1, 100), row("c", 2, 100), row("alerta", 2, 90)]

    ours = fanout.summary(rows)[1]

    assert ours["of_limit"] == {"min": 0.5, "median": 0.7, "max": 0.9, "n": 2}


def test_a_failed_round_counts_in_no_figure_and_is_named() -> None:
    failed = {"round": 1, "server": "alerta", "case": "single", "clients": 1_000, "error": "boom"}

    ours = fanout.summary([row("c", 1, 200), failed, row("c", 2, 200), row("alerta", 2, 100)])[1]

    assert ours["deliveries_per_s"]["n"] == ours["of_limit"]["n"] == 1
    assert ours["errors"] == ["boom"]


def test_a_missing_peer_is_named_in_the_tables(tmp_path: Path) -> None:
    peer = {"name": "ws", "label": "ws (Node)", "version": "", "missing": "ws (make bench-peers)"}
    rows = [row(name, 1, 100, case) for case in ("single", "burst") for name in ("c", "alerta")]

    sections = fanout.report(found(*rows, servers=(LIMIT, OURS, peer)), tmp_path)

    assert "| ws (Node) | not installed |" in sections["fanout"]
    assert "| ws (Node) | not installed |" in sections["fanout-burst"]
    assert "| ws (Node) | not installed: ws (make bench-peers) |" in sections["fanout-servers"]


@pytest.mark.parametrize(("speed", "met"), [(699, False), (700, True)])
def test_a_goal_is_met_from_its_target_value(speed: int, met: bool) -> None:
    result = found(row("c", 1, 1_000), row("alerta", 1, speed), servers=(LIMIT, OURS))

    goal = next(g for g in fanout.goals(result) if g.text == "of the C loop at 1,000 clients")

    assert goal.met is met


def test_the_nearest_peer_is_chosen_by_the_same_rounds() -> None:
    """Compare within a round, since a slow phase of the machine slows both servers."""
    speeds = {
        "alerta": (90, 30, 60),
        "ws": (60, 25, 55),
        "aiohttp": (30, 10, 65),
        "c": (99, 99, 99),
    }
    rows = [row(name, n, speed) for name, of in speeds.items() for n, speed in enumerate(of)]

    goal = next(g for g in fanout.goals(found(*rows, servers=())) if g.text.startswith("ahead"))

    assert (goal.reached, goal.met) == ("1.20 times ws (Node)", True)


def test_a_goal_without_a_figure_is_neither_met_nor_missed() -> None:
    result = found(row("c", 1, 1_000), servers=(LIMIT,))

    assert {goal.met for goal in fanout.goals(result)} == {None}
    assert goal_table([Goal("a", "b")]).endswith("| a | b | n/a | not measured |")


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result = {"machine": {"cpu": "x"}, "runs": [{"a": 1}, {"b": [2]}], "none": []}

    results.write(tmp_path, "some", result)

    assert results.read(tmp_path, "some") == result
    assert results.read(tmp_path, "other") is None


def test_a_section_without_a_place_in_the_document_is_refused(tmp_path: Path) -> None:
    kept = row("c", 1, 1_000), row("c", 1, 1_000, "burst")
    results.write(tmp_path, "fanout", found(*kept, servers=(LIMIT,)))
    document = tmp_path / "performance.md"
    document.write_text("# Performance\n")

    with pytest.raises(report.NoPlace, match="fanout"):
        report.draw(tmp_path, document)


def test_the_document_shows_the_stored_figures(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(report.DOCUMENT.read_text())

    report.draw(results.RESULTS, document)

    assert document.read_text() == report.DOCUMENT.read_text()
    for chart in (tmp_path / "performance").glob("*.svg"):
        assert (
            chart.read_text() == (report.DOCUMENT.parent / "performance" / chart.name).read_text()
        )


def test_every_benchmark_has_a_title_and_a_report() -> None:
    names = catalogue.names()

    assert {"fanout", "reconnect", "soak"} <= set(names)
    for name in names:
        assert catalogue.title(name).endswith((".", "?"))
        assert callable(catalogue.module(name).report)
        assert callable(catalogue.module(name).goals)


def test_a_missing_compiler_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    native.program.cache_clear()

    with pytest.raises(native.NoCompiler, match="apt-get install build-essential"):
        native.program("load")


def test_progress_is_silent_by_default() -> None:
    said: list[str] = []

    Options().say("nothing")
    Options(say=said.append).say("something")

    assert said == ["something"]
