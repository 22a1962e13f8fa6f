"""Fresh Python processes, whose environment names no AWS account."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.emulator import ROOT, clean_environment


def run_python(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout_s: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run this Python with these arguments and return the process when it has ended."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=clean_environment() | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def printed_json(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Any:
    """Run code and return the last line that it prints, as JSON; the process must succeed.

    A Lambda's log lines and metrics come before it.
    """
    done = run_python("-c", code, *arguments, environment=environment, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
