"""A service whose log no one reads: a terminal that was stopped, a pipe that is full."""

import os
import signal
import subprocess
from pathlib import Path

from tests.conformance.targets import http_request
from tests.support.emulator import ROOT, free_port
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.server import serve_command, server_environment
from tests.support.wsclient import WsClient

# 483 reports filled a pipe of 64 KB.
REPORTS = 1000


def test_the_service_goes_on_and_ends_when_no_one_reads_its_log(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    port = free_port()
    server = subprocess.Popen(
        serve_command(port, tmp_path / "data"),
        cwd=ROOT,
        env=server_environment(),
        stdout=subprocess.DEVNULL,
        stderr=writing,
    )
    os.close(writing)
    try:
        health = f"http://127.0.0.1:{port}/health"
        eventually(lambda: _answers(health), "an answer of /health")
        with WsClient(f"ws://127.0.0.1:{port}/dev") as client:
            for _ in range(REPORTS):
                assert client.notify(incident())["type"] == "ack"

        assert http_request("GET", health).status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()
        os.close(reading)


def _answers(url: str) -> bool:
    try:
        return http_request("GET", url).status == 200
    except OSError:
        return False
