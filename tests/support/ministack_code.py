"""A Lambda's code unpacked once, while ministack unpacks it at each cold start.

Python then finds the modules that it compiled before, as in Lambda's own images.
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
    """A zip file that is unpacked once; later extractions link to the first, read-only."""

    def extractall(self, path: Any = None, *_arguments: Any, **_more: Any) -> None:
        listed = "".join(f"{entry.filename}{entry.CRC}" for entry in self.infolist())
        folder = Path(tempfile.gettempdir(), "code")
        kept = folder / hashlib.sha256(listed.encode()).hexdigest()
        if not kept.exists():
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                unpacked = Path(scratch, "unpacked")
                super().extractall(unpacked)
                with suppress(OSError):  # another cold start was faster
                    unpacked.rename(kept)
        Path(path).rmdir()
        Path(path).symlink_to(kept)


def install() -> None:
    """Use it for cold starts."""
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _KeptZip})  # type: ignore[attr-defined]
