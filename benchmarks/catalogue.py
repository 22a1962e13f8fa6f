"""The catalogue of benchmarks: every module of this package that has a ``run``."""

import importlib
import re
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.goals import Goal
from benchmarks.options import Options

HERE = Path(__file__).parent


class Benchmark(Protocol):
    """The interface of a benchmark's module.

    ``run`` measures and returns JSON data, with ``machine.machine()`` under ``machine``. ``report``
    returns the sections of docs/performance.md by name, from that data alone; it may draw into the
    folder. ``goals`` compares the data with the goals. With ``ON_ITS_OWN``, the benchmark runs
    only if it is named.
    """

    __doc__: str

    def run(self, options: Options) -> dict[str, Any]: ...

    def report(self, result: dict[str, Any], folder: Path) -> dict[str, str]: ...

    def goals(self, result: dict[str, Any]) -> list[Goal]: ...


def names() -> list[str]:
    """Return the names of all benchmarks, sorted."""
    sources = sorted(HERE.glob("[a-z]*.py"))
    return [s.stem for s in sources if re.search(r"^def run\(", s.read_text(), re.MULTILINE)]


def module(name: str) -> Benchmark:
    """Import and return one benchmark."""
    return cast(Benchmark, importlib.import_module(f"benchmarks.{name}"))


def on_its_own(name: str) -> bool:
    """Return whether the benchmark runs only if it is named."""
    return bool(getattr(module(name), "ON_ITS_OWN", False))


def title(name: str) -> str:
    """Return the first paragraph of its docstring."""
    return module(name).__doc__.split("\n\n")[0].replace("\n", " ")
