"""The machine that figures were taken on, and what ran on it."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / ".build" / "bench"


def machine() -> dict[str, Any]:
    """The facts that a figure cannot be read without."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "virtual": _field("/proc/cpuinfo", "flags").find(" hypervisor") >= 0,
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        "congestion_control": _line("/proc/sys/net/ipv4/tcp_congestion_control"),
        "python": platform.python_version(),
        "commit": _commit(),
        "command": " ".join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": os.getloadavg()[0],
    }


def cores() -> tuple[int, int]:
    """The core of the server and the core of its clients; the same where there is but one."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[-1]


def output(*command: str) -> str:
    """The first line that a command writes.

    Raises:
        OSError: there is no such command.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    text = (done.stdout or done.stderr).strip()
    return text.splitlines()[0] if text else ""


def _commit() -> str:
    try:
        return output("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    except OSError:
        return ""


def _line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _field(path: str, name: str) -> str:
    for line in _line(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
