"""A Lambda's code unpacked once, where ministack does it again at each cold start.

Python then finds what it compiled of it the last time, as Lambda's own images have it.
"""

import hashlib
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime


class _KeptZip(zipfile.ZipFile):
    """Unpacks what was not unpacked before, and links to it. Nothing writes to a Lambda's code."""

    def extractall(self, path: Any = None, *_arguments: Any, **_more: Any) -> None:
        listed = "".join(f"{entry.filename}{entry.CRC}" for entry in self.infolist())
        folder = Path(tempfile.gettempdir(), "code")
        kept = folder / hashlib.sha256(listed.encode()).hexdigest()
        if not kept.exists():
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                unpacked = Path(scratch, "unpacked")
                super().extractall(unpacked)
                with suppress(OSError):  # another cold start has been faster
                    unpacked.rename(kept)
        Path(path).rmdir()
        Path(path).symlink_to(kept)


def install() -> None:
    """Let cold starts have it."""
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _KeptZip})  # type: ignore[attr-defined]
