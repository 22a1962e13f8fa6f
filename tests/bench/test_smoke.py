"""The benchmarks in small: they run, their counts add up, and the report is drawn from them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import native, report, results
from benchmarks.machine import ROOT

CLIENTS = 20
RUN_S = 90
COMMAND = (
    *("-m", "benchmarks", "fanout", "reconnect", "--quick", "--clients", str(CLIENTS)),
    *("--server", "c", "--server", "alerta", "--results"),
)


@dataclass(frozen=True)
class Trial:
    """The results of one short run."""

    folder: Path
    fanout: dict[str, Any]
    reconnect: dict[str, Any]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A short run of the service and the bare loop with a few clients, by the command."""
    native.program("load")  # without a compiler it fails here, and says what to install
    folder = tmp_path_factory.mktemp("results")
    done = subprocess.run(
        [sys.executable, *COMMAND, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    fanout, reconnect = (results.read(folder, name) for name in ("fanout", "reconnect"))
    assert fanout is not None
    assert reconnect is not None
    return Trial(folder, fanout, reconnect)


def test_both_servers_are_measured_in_every_case(trial: Trial) -> None:
    measured = [(run["server"], run["case"], run["clients"]) for run in trial.fanout["runs"]]

    assert sorted(measured) == [
        ("alerta", "burst", CLIENTS),
        ("alerta", "filters", CLIENTS),
        ("alerta", "single", CLIENTS),
        ("c", "burst", CLIENTS),
        ("c", "single", CLIENTS),
    ]
    assert [run["error"] for run in trial.fanout["runs"] if "error" in run] == []


def test_every_message_reaches_every_client_once(trial: Trial) -> None:
    for run in trial.fanout["runs"]:
        assert run["messages"] > 0
        assert run["deliveries"] == run["messages"] * CLIENTS
        assert run["uneven"] == 0
        assert run["last_ms"]["n"] == run["messages"]


def test_the_service_acknowledges_every_message(trial: Trial) -> None:
    ours = [run for run in trial.fanout["runs"] if run["server"] == "alerta"]

    assert [run["ack_ms"]["n"] for run in ours] == [run["messages"] for run in ours]


def test_the_figures_agree_with_each_other(trial: Trial) -> None:
    for run in trial.fanout["runs"]:
        assert run["deliveries_per_s"] == pytest.approx(
            run["deliveries"] / run["seconds"], rel=0.01
        )
        assert run["first_ms"]["min"] <= run["first_ms"]["p50"] <= run["last_ms"]["max"]
        assert run["rss_open_kib"] >= run["rss_before_kib"] > 0
        assert 0 <= run["server_cpu"] <= 1.5
        assert -0.5 <= run["client_idle"] <= 1


def test_both_servers_send_frames_of_about_the_same_size(trial: Trial) -> None:
    sizes = [run["bytes"] for run in trial.fanout["runs"]]

    assert max(sizes) - min(sizes) < 0.05 * min(sizes)


def test_a_result_names_the_machine_and_the_command(trial: Trial) -> None:
    about = trial.fanout["machine"]

    assert about["cores"] >= 1
    assert about["command"].startswith("python -m benchmarks fanout reconnect --quick")
    assert all(about[key] for key in ("cpu", "kernel", "system", "python", "date"))


def test_every_client_that_reconnects_gets_every_missed_message(trial: Trial) -> None:
    (run,) = trial.reconnect["runs"]

    assert (run["answered"], run["refused"], run["lost"]) == (CLIENTS, 0, 0)
    assert run["answer_messages"] == CLIENTS * run["messages"] > 0
    assert trial.reconnect["summary"][0]["complete"]


def test_the_report_is_drawn_from_the_results(trial: Trial, tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(report.DOCUMENT.read_text())

    report.draw(trial.folder, document)

    text = document.read_text()
    (speed,) = [
        row["deliveries_per_s"]["median"]
        for row in trial.fanout["summary"]
        if (row["server"], row["case"]) == ("alerta", "single")
    ]
    assert f"| **Alerta UTEC** | {speed / 1000:,.0f} · " in text
    charts = sorted((tmp_path / "performance").glob("*.svg"))
    assert [chart.name for chart in charts if f"](performance/{chart.name})" not in text] == []
    for chart in charts:
        labels = "".join(ElementTree.parse(chart).getroot().itertext())  # noqa: S314 (our own file)
        assert "Alerta UTEC" in labels
