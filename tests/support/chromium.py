"""The browser of the panel's tests: the system's Chromium, installed by apt if possible.

Run with ``python -m tests.support.chromium``, as ``make test`` does.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It connects to loopback only and asks for no updates.
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = (
    ("apt-get", "update", "-q"),
    ("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"),
)
MISSING = (
    "The panel's tests need Chromium. On Debian: apt-get install --no-install-recommends chromium; "
    "elsewhere install Chromium or Chrome, or name it with CHROMIUM=/path/to/it."
)


class NoChromium(Exception):
    """No Chromium was found; the text says what to do."""


def find() -> Path:
    """Return the browser: ``CHROMIUM`` of the environment, else the first of ``NAMES`` in the path.

    Raises:
        NoChromium.
    """
    for name in (os.environ.get("CHROMIUM"), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return Path(found)
    raise NoChromium(MISSING)


def flags() -> list[str]:
    """Return the flags to start it; the sandbox does not start as root."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def ensure(*, root: bool, debian: bool) -> Path:
    """Find the browser, or install it if this process can.

    Raises:
        NoChromium: it is missing, and is not to be installed or could not be.
    """
    try:
        return find()
    except NoChromium:
        if not (root and debian):
            raise
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        try:
            subprocess.run(command, check=True, env=environment)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoChromium(f"{' '.join(command)}: {error}\n{MISSING}") from error
    return find()


def is_debian() -> bool:
    """Return whether this is Debian or a derivative (os-release(5))."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in (release.get("ID", ""), *release.get("ID_LIKE", "").split())


if __name__ == "__main__":
    try:
        print(f"Chromium: {ensure(root=os.geteuid() == 0, debian=is_debian())}")  # noqa: T201
    except NoChromium as missing:
        sys.exit(str(missing))
