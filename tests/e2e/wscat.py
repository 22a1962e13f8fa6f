"""The real ``wscat`` in a terminal of its own, as a person uses it."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.support.emulator import ROOT, clean_environment

WSCAT = ROOT / "node_modules" / ".bin" / "wscat"
WAIT_S = 20.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Wide enough for a frame, so that the terminal breaks no line.
_ROWS, _COLUMNS = 50, 4000


class Wscat:
    """``with Wscat(url) as wscat:`` — connected inside the block."""

    def __init__(self, url: str) -> None:
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            [str(WSCAT), "--no-color", "--connect", url],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=clean_environment() | {"TERM": "xterm"},
            start_new_session=True,
        )
        os.close(terminal)
        self._screen = ""

    def __enter__(self) -> Self:
        self.wait("Connected", lambda: "Connected" in self.screen)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(WAIT_S)
        os.close(self._master)

    @property
    def screen(self) -> str:
        """Return the terminal's text so far, without control sequences."""
        return _ESCAPES.sub("", self._screen)

    @property
    def received(self) -> list[dict[str, Any]]:
        """Return the frames on the screen."""
        found = re.findall(r"< (\{.*\})\r?$", self.screen, re.MULTILINE)
        return [json.loads(text) for text in found]

    def type_line(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._master, line.encode() + b"\r")

    def press_control_c(self) -> int:
        """Press Ctrl-C and return wscat's exit code."""
        os.write(self._master, b"\x03")
        return self._process.wait(WAIT_S)

    def wait(self, what: str, seen: Callable[[], bool]) -> None:
        """Read the terminal until ``seen``.

        Raises:
            AssertionError: it was not seen in time.
        """
        deadline = time.monotonic() + WAIT_S
        while not seen():
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"no {what} on the screen:\n{self.screen}"
            if select.select([self._master], [], [], left_s)[0]:
                try:
                    self._screen += os.read(self._master, 65536).decode(errors="replace")
                except OSError as ended:  # the other end of the terminal is closed
                    raise AssertionError(f"wscat ended:\n{self.screen}") from ended

    def wait_update(self) -> dict[str, Any]:
        """Wait for the first ``incident_update`` on the screen and return it."""
        self.wait("incident_update", lambda: bool(self._updates()))
        return self._updates()[0]

    def _updates(self) -> list[dict[str, Any]]:
        return [frame for frame in self.received if frame.get("type") == "incident_update"]
