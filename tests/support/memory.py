"""The memory of a process."""

import resource
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Return the memory that the process occupies."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()
