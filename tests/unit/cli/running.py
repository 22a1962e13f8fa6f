"""Runs the command line, in this process or in one of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from click.testing import CliRunner, Result

from alerta_utec.cli import main
from tests.support.eventually import eventually

DEADLINE_S = 20.0
SETTINGS = (
    "ALERTA_AUTH",
    "ALERTA_AUTH_AUDIENCE",
    "ALERTA_AUTH_ISSUER",
    "ALERTA_AUTH_JWKS_URL",
    "ALERTA_AUTH_LEEWAY_S",
    "ALERTA_AUTH_DEFAULT_ROLE",
    "ALERTA_AUTH_REQUIRE",
    "ALERTA_AUTH_ROLE_CLAIM",
    "ALERTA_AUTH_ROLE_MAP",
    "ALERTA_AUTH_SECRET",
    "ALERTA_DATA",
    "ALERTA_HOST",
    "ALERTA_HTTP_URL",
    "ALERTA_INSECURE",
    "ALERTA_LANG",
    "ALERTA_MAIL_FROM",
    "ALERTA_MAIL_LIMIT",
    "ALERTA_MAIL_TO",
    "ALERTA_MAIL_URL",
    "ALERTA_MAIL_WINDOW",
    "ALERTA_PORT",
    "ALERTA_ROUTES",
    "ALERTA_RULES",
    "ALERTA_STAGE",
    "ALERTA_TIMEZONE",
    "ALERTA_TOKEN",
    "ALERTA_WEBHOOK_ALLOW_PRIVATE",
    "ALERTA_WEBHOOK_SECRET",
    "ALERTA_WS_URL",
    "NO_COLOR",
)


def run(
    *arguments: str,
    stdin: str | bytes | None = None,
    environment: Mapping[str, str] | None = None,
    color: bool = False,
) -> Result:
    """Run one command with no other settings than those in ``environment``."""
    clean: dict[str, str | None] = dict.fromkeys(SETTINGS)
    return CliRunner().invoke(
        main,
        arguments,
        input=stdin,
        env=clean | dict(environment or {}),
        color=color,
        prog_name="alerta-utec",
    )


def json_lines(output: str) -> list[dict[str, Any]]:
    """Decode each line."""
    return [json.loads(line) for line in output.splitlines()]


class Process:
    """An ``alerta-utec`` process, whose output is collected while it runs."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "alerta_utec", *arguments],
            env=kept | {"PYTHONIOENCODING": "utf-8"} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self.out: list[str] = []
        self.err: list[str] = []
        streams = ((self._process.stdout, self.out), (self._process.stderr, self.err))
        self._readers = [
            threading.Thread(target=_collect, args=pair, daemon=True) for pair in streams
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._finish()

    def interrupt(self) -> int:
        """Send Ctrl-C and return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._finish()

    def kill(self) -> None:
        """Kill the process, as a crash would."""
        self._process.kill()
        self._finish()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return self._finish()

    def _finish(self) -> int:
        code = self._process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join(DEADLINE_S)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return code


def wait_for(lines: Sequence[str], wanted: Callable[[str], bool]) -> str:
    """Wait for a line that is ``wanted`` and return it."""
    seen = eventually(
        lambda: tuple(lines),
        "a line that the test waits for",
        accept=lambda seen: any(map(wanted, seen)),
        within_s=DEADLINE_S,
    )
    return next(line for line in seen if wanted(line))


def _collect(stream: Any, into: list[str]) -> None:
    into.extend(line.rstrip("\n") for line in stream)
