"""Commands whose standard output cannot be written: a full disk, a reader that has gone."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from alerta_utec.client import AlertaUtec
from tests.conformance.targets import http_request
from tests.support.emulator import ROOT, clean_environment, free_port
from tests.support.eventually import eventually
from tests.support.loopback import LoopbackServer, QuietHandler
from tests.support.server import Server

NOWHERE = "https://panel.example.edu/alertas"
SECRET = "whsec_dW5hIGNsYXZlIGRlIHBydWViYSwgZGUgMzIgYnl0ZXM="
FIELDS = ("--type", "prueba", "--location", "Salón de salida", "--urgency", "low")


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the server, which has no webhooks before and after the test."""
    with AlertaUtec(server.http_url) as client:
        yield client
        for webhook in client.webhooks.all():
            client.webhooks.remove(webhook["webhookId"])


def run_into(
    stdout: int, arguments: Sequence[str], *, stderr: int = subprocess.PIPE
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "alerta_utec", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        stdout=stdout,
        stderr=stderr,
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


def test_a_webhook_is_taken_back_when_its_only_secret_cannot_be_shown(
    server: Server, alerta: AlertaUtec
) -> None:
    result = run_into_full("webhooks", "add", NOWHERE, "--url", server.http_url)

    assert result.returncode == 1
    assert "no se pudo mostrar su secreto" in result.stderr
    assert "whsec_" not in result.stderr
    assert alerta.webhooks.all() == []


def test_a_webhook_with_a_secret_of_its_own_stays_when_it_cannot_be_shown(
    server: Server,
    alerta: AlertaUtec,
) -> None:
    result = run_into_full("webhooks", "add", NOWHERE, "--secret", SECRET, "--url", server.http_url)

    (stored,) = alerta.webhooks.all()
    assert result.returncode == 0
    assert f"el webhook está agregado ({stored['webhookId']})" in result.stderr
    assert SECRET not in result.stderr


def test_a_new_secret_that_standard_output_does_not_take_is_shown_on_standard_error(
    server: Server,
    alerta: AlertaUtec,
) -> None:
    webhook_id = alerta.webhooks.add(NOWHERE)["webhookId"]

    result = run_into_full("webhooks", "rotate", webhook_id, "--url", server.http_url)

    assert result.returncode == 0
    assert "el secreto está cambiado" in result.stderr
    assert re.search(r"whsec_\S{44}$", result.stderr, re.MULTILINE)


def test_a_webhook_that_cannot_be_taken_back_is_named_with_the_way_to_remove_it() -> None:
    class AddsOnly(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            added = {"webhookId": "w-1", "url": NOWHERE, "state": "active", "secret": SECRET}
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(added).encode())

    with LoopbackServer(AddsOnly) as service:
        result = run_into_full("webhooks", "add", NOWHERE, "--url", service.url)

    assert result.returncode == 1
    assert "alerta-utec webhooks remove w-1" in result.stderr
    assert SECRET not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("change", "--description", "Otro"), ("pause",), ("resume",), ("retry",), ("remove",)],
    ids=lambda arguments: arguments[0],
)
def test_a_change_is_no_failure_when_only_its_result_cannot_be_shown(
    server: Server, alerta: AlertaUtec, arguments: tuple[str, ...]
) -> None:
    command, *rest = arguments
    webhook_id = alerta.webhooks.add(NOWHERE)["webhookId"]

    result = run_into_full("webhooks", command, webhook_id, *rest, "--url", server.http_url)

    assert result.returncode == 0
    assert "pero no se pudo mostrar" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_copy_that_was_made_is_no_failure_when_the_message_cannot_be_shown(
    server: Server, tmp_path: Path
) -> None:
    copy = tmp_path / "copia.db"

    with Path("/dev/full").open("wb") as full:
        arguments = ("backup", str(copy), "--data", str(server.data))
        result = run_into(subprocess.DEVNULL, arguments, stderr=full.fileno())

    assert result.returncode == 0
    assert copy.stat().st_size > 0


def test_serve_starts_though_its_banner_cannot_be_shown(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "alerta_utec", "serve", "--port", str(port)]
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [*command, "--data", str(tmp_path / "data")],
            cwd=ROOT,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.DEVNULL,
        )
    try:
        eventually(
            lambda: process.poll() is not None or is_listening(port),
            "the service listens or has ended",
            within_s=60,
        )
        status = http_request("GET", f"http://127.0.0.1:{port}/health").status
    finally:
        process.terminate()
        code = process.wait(60)

    assert (status, code) == (200, 0)


@pytest.mark.parametrize("arguments", [("incidents",), ("--help",), ("token", "--help")])
def test_a_command_that_only_shows_fails_in_one_line(
    server: Server, arguments: tuple[str, ...]
) -> None:
    url = () if "--help" in arguments else ("--url", server.http_url)

    result = run_into_full(*arguments, *url)

    assert result.returncode == 1
    assert "no se pudo escribir la salida" in result.stderr
    assert "Traceback" not in result.stderr
