"""The programs in C: compiled when they are needed."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.machine import BUILD

SOURCES = Path(__file__).parent / "native"
NO_COMPILER = (
    "The benchmarks need a C compiler. On Debian: apt-get install build-essential; elsewhere "
    "install gcc or clang so that `cc` runs."
)


class NoCompiler(Exception):
    """There is none, or it refuses; the text says what to do."""


@functools.cache
def program(name: str) -> Path:
    """``native/NAME.c``, compiled.

    Raises:
        NoCompiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler(NO_COMPILER)
    BUILD.mkdir(parents=True, exist_ok=True)
    source, built = SOURCES / f"{name}.c", BUILD / name
    if built.exists() and built.stat().st_mtime > source.stat().st_mtime:
        return built
    # In a folder of its own first: somebody may be running the one that is there, or building it.
    with tempfile.TemporaryDirectory(dir=BUILD) as own:
        fresh = Path(own) / name
        command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(fresh), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoCompiler(f"{' '.join(command)}:\n{done.stderr}\n{NO_COMPILER}")
        fresh.replace(built)
    return built
