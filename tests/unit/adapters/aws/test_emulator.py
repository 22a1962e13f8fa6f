"""The emulator of AWS, on which the suites run."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.emulator import ROOT, Emulator
from tests.support.eventually import eventually

HOLD = """
import sys
from tests.support.emulator import Emulator
with Emulator() as emulator:
    print(emulator.port, flush=True)
    sys.stdin.read()
"""


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_emulator_listens_on_loopback_inside_the_block_only() -> None:
    with Emulator() as emulator:
        inside = _listens(emulator.port)
        log = emulator.log

    assert inside
    assert f"127.0.0.1:{emulator.port}" in log
    assert not _listens(emulator.port)


def test_the_emulator_ends_with_a_killed_test_run(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        port = int(run.stdout.readline())
        assert _listens(port)

        os.kill(run.pid, signal.SIGKILL)

        eventually(lambda: not _listens(port), f"port {port} is closed", within_s=10)
