"""A terminal with a shell, as a reader has it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

WAIT_S = 60.0
CONTROL_C = b"\x03"
_SHELL = "bash --norc --noprofile --noediting -i"
_PROMPT = "reader:$?> "
_RETURNED = re.compile(r"reader:(\d+)> $")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Wide enough for a frame, so that the terminal breaks no line.
_ROWS, _COLUMNS = 50, 4000


class Failed(AssertionError):
    """A command failed or did not end; the text is what the terminal shows."""


class Terminal:
    """One terminal: commands run one after another, until one of them holds it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        settings = termios.tcgetattr(terminal)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
        name = os.ttyname(terminal)
        # The leader of a session gets the terminal as its own by opening it; Ctrl-C needs that.
        self._shell = subprocess.Popen(
            ["bash", "-c", f"PS1='{_PROMPT}' exec {_SHELL} <>{name} >&0 2>&0"],
            cwd=folder,
            env=dict(environment) | {"PS2": "", "TERM": "xterm"},
            start_new_session=True,
        )
        self._seen = ""
        self._from = 0
        self.held_by = ""
        self.folder = folder
        self._wait("a prompt", lambda: bool(_RETURNED.search(self.screen)))
        os.close(terminal)

    @property
    def screen(self) -> str:
        """What the terminal has shown since the last command began."""
        return _ESCAPES.sub("", self._seen[self._from :]).replace("\r\n", "\n")

    def run(self, command: str) -> str:
        """Run a command to its end and return what it wrote.

        Raises:
            Failed: it ended with another status than 0, or did not end.
        """
        self._type(command)
        self._wait("an end", lambda: bool(_RETURNED.search(self.screen)))
        returned = _RETURNED.search(self.screen)
        assert returned is not None
        if returned[1] != "0":
            raise Failed(f"{command}\nended with {returned[1]}:\n{self.screen}")
        return self.screen[: returned.start()]

    def folder_now(self) -> Path:
        """Return the folder that the shell is in."""
        return Path(self.run("pwd").strip())

    def start(self, command: str, ready: Callable[[], bool]) -> None:
        """Run a command that holds the terminal, and wait until it is ready."""
        self.folder = self.folder_now()
        self._type(command)
        self.held_by = command
        self.wait(f"a sign that it runs, of {command}", ready)

    def type_line(self, line: str) -> None:
        """Type a line and press Enter, into the command that holds the terminal."""
        os.write(self._master, line.encode() + b"\r")

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until the terminal is free again."""
        os.write(self._master, CONTROL_C)
        self._wait("an end after Ctrl-C", lambda: bool(_RETURNED.search(self.screen)))
        self.held_by = ""

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Read the terminal until something holds, which must be before its command ends."""

        def seen() -> bool:
            if not holds() and _RETURNED.search(self.screen):
                raise Failed(f"{self.held_by}\nended:\n{self.screen}")
            return holds()

        self._wait(what, seen)

    def close(self) -> None:
        """End the shell and what it runs."""
        try:
            if self.held_by:
                self.interrupt()
        finally:
            self._shell.kill()
            self._shell.wait(WAIT_S)
            os.close(self._master)

    def _type(self, command: str) -> None:
        self._read(0)
        self._from = len(self._seen)
        self.type_line(command)

    def _wait(self, what: str, seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not seen():
            if time.monotonic() > deadline:
                raise Failed(f"no {what} in the terminal:\n{self.screen}")
            self._read(0.05)

    def _read(self, seconds: float) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            try:
                self._seen += os.read(self._master, 65536).decode(errors="replace")
            except OSError as ended:  # the shell is gone
                raise Failed(f"the shell ended:\n{self.screen}") from ended
            seconds = 0
