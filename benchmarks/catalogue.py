"""Which benchmarks there are: the modules of this package that have a ``run``."""

import importlib
import re
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.goals import Goal
from benchmarks.options import Options

HERE = Path(__file__).parent


class Benchmark(Protocol):
    """What a module has to have to be one.

    ``run`` measures and returns what JSON can hold, with ``machine`` as ``machine.machine()``
    has it. ``report`` makes the sections of docs/performance.md, by name, from that alone; it
    may draw into the folder. ``goals``: what was aimed at, and what of it was reached.
    ``ON_ITS_OWN``: it runs only where it is named.
    """

    __doc__: str

    def run(self, options: Options) -> dict[str, Any]: ...

    def report(self, result: dict[str, Any], folder: Path) -> dict[str, str]: ...

    def goals(self, result: dict[str, Any]) -> list[Goal]: ...


def names() -> list[str]:
    """All of them, in the order of the alphabet."""
    sources = sorted(HERE.glob("[a-z]*.py"))
    return [s.stem for s in sources if re.search(r"^def run\(", s.read_text(), re.MULTILINE)]


def module(name: str) -> Benchmark:
    """One of them."""
    return cast(Benchmark, importlib.import_module(f"benchmarks.{name}"))


def on_its_own(name: str) -> bool:
    """Whether it runs only where it is named."""
    return bool(getattr(module(name), "ON_ITS_OWN", False))


def title(name: str) -> str:
    """The first sentence of its docstring."""
    return module(name).__doc__.split("\n\n")[0].replace("\n", " ")
