"""The build hooks: compile the fan-out if there is a C compiler; join both READMEs.

Without a compiler or Python's headers the wheel is pure Python and the service does the same work
in Python: the build never fails for the lack of either.
"""

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

MODULE = f"alerta_utec/gateway/_fanout{sysconfig.get_config_var('EXT_SUFFIX')}"
READMES = ("README.md", "README.en.md")


class FanoutHook(BuildHookInterface[Any]):
    """Adds the extension module to a wheel, or to the source tree for an editable install."""

    PLUGIN_NAME = "custom"
    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the module before the files of the wheel are collected."""
        self._scratch = tempfile.TemporaryDirectory()
        built = Path(self._scratch.name, Path(MODULE).name)
        problem = compile_module(Path(self.root, "native", "fanout.c"), built)
        if problem is not None:
            self.app.display_warning(f"The wheel has no compiled fan-out: {problem}")
        elif version == "editable":
            put(built, Path(self.root, MODULE))
        else:
            build_data["force_include"][str(built)] = MODULE
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the compiled file after it was copied."""
        if self._scratch is not None:
            self._scratch.cleanup()


class ReadmeHook(MetadataHookInterface):
    """Describes the package by the Spanish README and then the English one."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description that a package index shows."""
        texts = [Path(self.root, name).read_text(encoding="utf-8") for name in READMES]
        text = "\n\n---\n\n".join(without_relative_links(text) for text in texts)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def compile_module(source: Path, target: Path) -> str | None:
    """Compile ``source`` to ``target``; return why that was not possible, or None."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(compiler[0]) is None:
        return f"no C compiler ({compiler[0]})"
    include = f"-I{sysconfig.get_path('include')}"
    command = [*compiler, "-O2", "-shared", "-fPIC", include, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else "\n".join(done.stderr.splitlines()[:2])


def put(built: Path, target: Path) -> None:
    """Put ``built`` at ``target`` in one step: a running server keeps the file it has mapped."""
    scratch = target.with_suffix(f".{os.getpid()}")
    shutil.copy(built, scratch)
    scratch.replace(target)


def without_relative_links(markdown: str) -> str:
    """Remove pictures and links to files of the repository, which an index page does not have."""
    address = r"\((?!https?:)[^)\s]*\)"
    text = re.sub(rf"!\[[^\]]*\]{address}\n*", "", markdown)
    return re.sub(rf"\[([^\]]+)\]{address}", r"\1", text)
