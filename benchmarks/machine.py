"""The machine on which figures were measured, and its software."""

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
    """Return the facts that the figures depend on."""
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
    """Return the server's core and the clients' core, which are the same if there is only one."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[-1]


def output(*command: str) -> str:
    """Return the first line of a command's output.

    Raises:
        OSError: the command does not exist.
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
