"""The C programs of the benchmarks, compiled when they are needed."""

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
    """The compiler is missing or fails; the text says what to do."""


@functools.cache
def program(name: str) -> Path:
    """Return the compiled ``native/NAME.c``.

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
    # Compile in a temporary folder: another run may be using or building the same program.
    with tempfile.TemporaryDirectory(dir=BUILD) as own:
        fresh = Path(own) / name
        command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(fresh), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoCompiler(f"{' '.join(command)}:\n{done.stderr}\n{NO_COMPILER}")
        fresh.replace(built)
    return built
