"""Reverse proxies for tests: the system's nginx and Caddy, installed by apt if possible.

Run with ``python -m tests.support.proxies``, as ``make test-outside`` does. A test of a proxy that
cannot be had is left out, which this says.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.chromium import is_debian
from tests.support.eventually import eventually

NAMES = ("nginx", "caddy")
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
# Debian starts what it installs; these tests start their own, on ports of their own.
_NO_START = "#!/bin/sh\nexit 101\n"
_POLICY = Path("/usr/sbin/policy-rc.d")
READY_S = 20.0


def find(name: str) -> Path | None:
    """Return the program of a proxy, if there is one."""
    found = shutil.which(name, path=_PATH)
    return Path(found) if found else None


def missing() -> list[str]:
    """Return the names of the proxies that this machine does not have."""
    return [name for name in NAMES if find(name) is None]


def install(name: str) -> None:
    """Install a proxy by apt, without starting its service.

    Raises:
        OSError, CalledProcessError: it cannot be installed.
    """
    package = "nginx-light" if name == "nginx" else name
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    own_policy = not _POLICY.exists()
    if own_policy:
        _POLICY.write_text(_NO_START)
        _POLICY.chmod(0o755)
    try:
        for command in (
            ("apt-get", "update", "-q"),
            ("apt-get", "install", "-y", "-q", "--no-install-recommends", package),
        ):
            subprocess.run(command, check=True, env=environment)
    finally:
        if own_policy:
            _POLICY.unlink()


@contextmanager
def running(name: str, configuration: str, folder: Path, port: int) -> Iterator[None]:
    """Run a proxy with this configuration until the block ends; it listens on ``port``.

    Raises:
        AssertionError: it does not listen in time; the text is what it wrote.
    """
    file, log = folder / f"{name}-{port}.conf", folder / f"{name}-{port}.log"
    file.write_text(configuration)
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(name, file, folder),
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with suppress(AssertionError):
            eventually(lambda: process.poll() is not None or _listens(port), within_s=READY_S)
        assert process.poll() is None, log.read_text()
        assert _listens(port), log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(READY_S)


def _command(name: str, file: Path, folder: Path) -> list[str]:
    program = str(find(name))
    if name == "nginx":
        return [program, "-p", str(folder), "-c", str(file), "-g", "daemon off;"]
    return [program, "run", "--adapter", "caddyfile", "--config", str(file)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _main() -> None:
    for name in missing():
        with suppress(OSError, subprocess.CalledProcessError):
            if os.geteuid() == 0 and is_debian():
                install(name)
    for name in missing():
        print(  # noqa: T201
            f"Left out: the tests behind {name}, which is not here and could not be installed. "
            f"On Debian: apt-get install {'nginx-light' if name == 'nginx' else name}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    _main()
