"""The real server, ``python -m alerta_utec serve``, as a process of its own on loopback."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.emulator import ROOT, free_port
from tests.support.eventually import eventually

# The service's Python, if the tests' environment lacks the service's requirements.
PYTHON = os.environ.get("SERVICE_PYTHON", sys.executable)
READY_S = 20.0
STOP_S = 15.0
# Another process can take a free port before the server listens on it.
ATTEMPTS = 3


class ServerFailed(Exception):
    """The server did not start or did not stop; the text ends with what it wrote."""


class Server:
    """``with Server(folder) as server:`` — ready inside the block, gone after it.

    ``options`` are more arguments of ``serve``; ``environment`` is merged over this process's
    own, without the variables named ``ALERTA_…`` or ``AWS_…``. ``checkout`` is the folder whose
    package runs.
    """

    def __init__(
        self,
        data: Path,
        *,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        checkout: Path = ROOT,
    ) -> None:
        self.data = data
        self._checkout = checkout
        self.port = 0
        self.ready_after_s = 0.0
        self._options = tuple(options)
        self._environment = dict(environment or {})
        self._log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def http_url(self) -> str:
        """Return the URL of the HTTP API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return the URL of the WebSocket API."""
        return f"ws://127.0.0.1:{self.port}/dev"

    @property
    def management_url(self) -> str:
        """Return the URL of ``@connections``."""
        return f"{self.http_url}/dev"

    @property
    def output(self) -> str:
        """Return what the server has written so far to both streams, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self.alive:
            self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            ServerFailed: it ended, or did not answer in time.
        """
        for _ in range(ATTEMPTS):
            self.port = free_port()
            self.launch()
            if self._is_ready():
                return
            self.kill9()
            if "in use" not in self.output and "en uso" not in self.output:
                break
        raise ServerFailed(f"no answer at {self.http_url}/health:\n{self.output[-4000:]}")

    def command(self) -> list[str]:
        """Return the command line."""
        return serve_command(self.port, self.data, self._options)

    def launch(self) -> None:
        """Start the process on ``port``, and do not wait for it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self._checkout,
                env=server_environment() | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server by a signal.

        Returns:
            The exit code.

        Raises:
            ServerFailed: it did not stop in time, and was killed.
        """
        process = self._running()
        process.send_signal(with_signal)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired as error:
            self.kill9()
            raise ServerFailed(f"did not stop:\n{self.output[-4000:]}") from error

    def kill9(self) -> None:
        """Kill the server, like a crash."""
        process = self._running()
        process.kill()
        process.wait(STOP_S)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerFailed("not started")
        return self._process

    def _is_ready(self) -> bool:
        started = time.monotonic()
        with suppress(AssertionError):
            eventually(lambda: not self.alive or self.answers(), within_s=READY_S)
            self.ready_after_s = time.monotonic() - started
            return self.alive
        return False

    def answers(self) -> bool:
        """Return whether ``GET /health`` is answered with 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def serve_command(port: int, data: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the command line of the server."""
    arguments = ["serve", "--port", str(port), "--data", str(data), *options]
    return [PYTHON, "-m", "alerta_utec", *arguments]


def server_environment() -> dict[str, str]:
    """Return this process's environment without variables that configure the server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ALERTA_", "AWS_"))}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
