"""Commands whose standard output cannot be written: a full disk, a reader that has gone."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance.targets import http_request
from tests.support.emulator import ROOT, clean_environment
from tests.support.server import Server

FIELDS = ("--type", "prueba", "--location", "Salón de salida", "--urgency", "low")


def run_into(stdout: int, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "alerta_utec", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def run_into_full(*arguments: str) -> "subprocess.CompletedProcess[str]":
    with Path("/dev/full").open("wb") as full:
        return run_into(full.fileno(), arguments)


def test_a_report_is_no_failure_when_only_its_ack_cannot_be_shown(server: Server) -> None:
    result = run_into_full("notify", "--url", server.ws_url, *FIELDS)

    assert result.returncode == 0
    assert "está guardado" in result.stderr
    assert "Traceback" not in result.stderr
    incident_id = result.stderr.partition("(")[2].partition(")")[0]
    assert http_request("GET", f"{server.http_url}/incidents/{incident_id}").status == 200


def test_a_report_is_no_failure_when_the_reader_of_its_ack_has_gone(server: Server) -> None:
    command = [sys.executable, "-m", "alerta_utec", "notify", "--url", server.ws_url, *FIELDS]
    shell = '"$@" | true; exit "${PIPESTATUS[0]}"'

    result = subprocess.run(
        ["bash", "-c", shell, "bash", *command],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("incidents",), ("--help",), ("token", "--help")])
def test_a_command_that_only_shows_fails_in_one_line(
    server: Server, arguments: tuple[str, ...]
) -> None:
    url = () if "--help" in arguments else ("--url", server.http_url)

    result = run_into_full(*arguments, *url)

    assert result.returncode == 1
    assert "no se pudo escribir la salida" in result.stderr
    assert "Traceback" not in result.stderr
