"""The memory of a process."""

import resource
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Return the memory that the process occupies."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak_bytes(pid: int) -> int:
    """Return the most memory that the process has occupied so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1024
