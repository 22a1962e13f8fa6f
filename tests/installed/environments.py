"""Fresh virtual environments that hold our wheel and the pinned packages it depends on."""

import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.emulator import ROOT
from tests.support.server import Server, serve_command, server_environment

PROJECT = "alerta-utec-realtime"
LOCK = ROOT / "requirements-serve.txt"
INSTALL_S = 120.0
COMMAND_S = 60.0


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        """The command line that the wheel installed."""
        return self.folder / "bin" / "alerta-utec"

    @classmethod
    def create(cls, folder: Path, wheel: Path, *, extras: tuple[str, ...] = ()) -> "Environment":
        """Install the pinned dependencies of the wheel, and the wheel itself, into ``folder``."""
        venv.create(folder, symlinks=True)
        made = cls(folder)
        pinned = folder / "requirements.txt"
        blocks = locked()
        pinned.write_text("".join(blocks[name] for name in sorted(dependencies(PROJECT, extras))))
        made._install("--require-hashes", "--no-deps", "-r", str(pinned))
        made._install("--no-index", "--no-deps", str(wheel))
        return made

    def run(
        self, *arguments: str | Path, cwd: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, away from the source tree."""
        return subprocess.run(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env=server_environment() | variables,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def pip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this process's pip on the environment."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), *arguments]
        return subprocess.run(pip, capture_output=True, text=True, timeout=INSTALL_S, check=False)

    def _install(self, *arguments: str) -> None:
        done = self.pip("install", "--quiet", "--no-compile", *arguments)
        assert done.returncode == 0, done.stderr


class InstalledServer(Server):
    """The server of an environment."""

    def __init__(self, installed: Environment, data: Path, **variables: str) -> None:
        super().__init__(data, options=("--webhook-allow-private",), environment=variables)
        self._command = installed.command

    def command(self) -> list[str]:
        """The command line, with the installed command in place of ``python -m``."""
        arguments = serve_command(self.port, self.data, self._options)
        return [str(self._command), *arguments[arguments.index("serve") :]]


def build_wheel(source: Path, folder: Path, *, compiler: str | None = None) -> Path:
    """Build the wheel of ``source`` as pip does; ``compiler`` stands in for the C compiler."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    variables = {} if compiler is None else {"CC": compiler}
    done = subprocess.run(
        [*build, "--wheel-dir", str(folder), str(source)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def locked() -> dict[str, str]:
    """Return the lock's lines for each package, by its normalized name."""
    blocks = re.split(r"^(?=[a-z0-9])", LOCK.read_text(), flags=re.MULTILINE)
    pins = (re.match(r"([A-Za-z0-9._-]+)==", block) for block in blocks)
    return {
        canonicalize_name(pin[1]): block for pin, block in zip(pins, blocks, strict=True) if pin
    }


def dependencies(project: str, extras: tuple[str, ...] = ()) -> set[str]:
    """Return the names of all packages that ``project`` needs here, directly or not.

    This environment has them all, so its metadata tells.
    """
    found: set[str] = set()
    pending = [(project, extra) for extra in ("", *extras)]
    seen = set(pending)
    while pending:
        name, extra = pending.pop()
        for line in requires(name) or ():
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            found.add(canonicalize_name(needed.name))
            new = {(needed.name, wanted) for wanted in ("", *needed.extras)} - seen
            pending.extend(new)
            seen |= new
    return found
