"""Compiles the modules of the zip, which Lambda otherwise compiles again at each cold start.

Bytecode is for one version of Python, so only that version can make it. Where it is not installed,
the zip has no bytecode and works all the same. The bytecode is not checked against its source
("unchecked hash", PEP 552): neither changes after the zip is made, and checks take time.
"""

from __future__ import annotations  # it also runs on Python 3.9

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LAMBDA_PYTHON = (3, 13)
# Parts of the libraries that no function loads: their bytecode would be a tenth of the zip.
NEVER_LOADED = re.compile(
    r"(pydantic/v1|cffi|pycparser|aws_lambda_powertools/event_handler)/"
    r"|aws_lambda_powertools/utilities/(?!jmespath_utils/)\w+/"
)
# Where Lambda unpacks the zip: tracebacks name the modules by this folder.
TASK_ROOT = "/var/task"
KEPT = 4

_IDENTIFY = "import json, sys; print(json.dumps([sys.version, sys.implementation.cache_tag]))"
# One process for all modules, so that equal sources give equal bytecode.
_COMPILE = """
import contextlib, json, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for source, shown, target in json.load(sys.stdin):
    # A file that this Python cannot read fails where it is imported, if it ever is.
    with contextlib.suppress(py_compile.PyCompileError):
        py_compile.compile(source, target, shown, doraise=True, invalidation_mode=mode)
"""


@dataclass(frozen=True)
class Compiler:
    """A Python that compiles for itself; ``tag`` is in the names of its bytecode."""

    path: str
    version: str
    tag: str


def find_compiler(target: str) -> Compiler | None:
    """Return the Python of the functions, if it is installed: this one, or that of the PATH."""
    if target == "host" or sys.version_info[:2] == LAMBDA_PYTHON:
        return _identify(sys.executable)
    named = shutil.which("python{}.{}".format(*LAMBDA_PYTHON))
    found = None if named is None else _identify(named)
    major, minor = LAMBDA_PYTHON
    return found if found and found.version.startswith(f"{major}.{minor}.") else None


def bytecode(files: dict[str, Path], compiler: Compiler, cache: Path) -> dict[str, Path]:
    """Return the bytecode of the modules in ``files``: ``{name in the zip: file}``.

    It is made in ``cache``, or found there. What no function loads is left out.

    Raises:
        subprocess.CalledProcessError: the compiler failed; ``stderr`` has the reason.
    """
    modules = {
        name: file
        for name, file in files.items()
        if name.endswith(".py") and not NEVER_LOADED.match(name)
    }
    parts = [compiler.version, *(_digest(name, file) for name, file in modules.items())]
    folder = cache / f"bytecode-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:16]}"
    names = {name: _cached_name(name, compiler.tag) for name in modules}
    if not folder.is_dir():
        _make(folder, [(modules[name], name, names[name]) for name in modules], compiler)
    _forget_older(cache, folder)
    return {name: folder / name for name in names.values() if (folder / name).exists()}


def _make(folder: Path, modules: list[tuple[Path, str, str]], compiler: Compiler) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "bytecode"
        tasks = [
            (str(source), f"{TASK_ROOT}/{name}", str(made / target))
            for source, name, target in modules
        ]
        subprocess.run(  # noqa: S603 (a Python of this machine)
            [compiler.path, "-S", "-c", _COMPILE],
            input=json.dumps(tasks),
            # The order of the members of constant sets depends on the seed.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=True,
            capture_output=True,
            text=True,
        )
        try:
            made.rename(folder)
        except OSError:  # another run finished first
            if not folder.is_dir():
                raise


def _forget_older(cache: Path, used: Path) -> None:
    """Remove what was not used lately; another packaging may be reading the rest."""
    used.touch()
    with contextlib.suppress(FileNotFoundError):  # another run cleans up at the same time
        kept = sorted(cache.glob("bytecode-*"), key=lambda folder: folder.stat().st_mtime)
        for old in kept[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _identify(path: str) -> Compiler | None:
    try:
        done = subprocess.run(  # noqa: S603 (a Python of this machine)
            [path, "-S", "-c", _IDENTIFY], check=True, capture_output=True, text=True
        )
        version, tag = json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    return Compiler(path, version, tag)


def _cached_name(name: str, tag: str) -> str:
    folder, _, module = name.rpartition("/")
    return f"{folder}/__pycache__/{module.removesuffix('.py')}.{tag}.pyc".lstrip("/")


def _digest(name: str, file: Path) -> str:
    return name + hashlib.sha256(file.read_bytes()).hexdigest()
