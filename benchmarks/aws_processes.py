"""The stand-in for ``@connections`` and the processes that post to it, each on one core."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.machine import ROOT, cores
from tests.support.certificates import self_signed

STUB = Path(__file__).parent / "peers" / "gateway_stub.py"
LATENCY_S = 0.010


class LineProcess:
    """A process on one core that answers each line of JSON with one; it ends with the block."""

    def __init__(self, command: list[str], core: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def read(self) -> Any:
        """Return its next line.

        Raises:
            EOFError: the process has ended.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise EOFError(f"{self._process.args!r} ended")
        return json.loads(line)

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command, and return the answer."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        answer: dict[str, Any] = self.read()
        return answer


class Gateway(LineProcess):
    """The running stand-in; ``url`` is its management endpoint."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        given = {"latency_s": LATENCY_S, **settings}
        super().__init__([str(STUB), json.dumps(given)], cores()[0])
        scheme = "https" if "pem" in settings else "http"
        self.url = f"{scheme}://127.0.0.1:{self.read()}/dev"

    def said(self) -> dict[str, Any]:
        """Return its requests, throttled requests and busy share since the last call."""
        return self.ask()


@contextmanager
def gateway(**settings: Any) -> Iterator[Gateway]:
    """Start a stand-in; ``rate`` and ``burst`` limit it, ``pem`` enables TLS."""
    with Gateway(settings) as running:
        yield running


@contextmanager
def workers(count: int) -> Iterator[list[LineProcess]]:
    """Start processes that post, on the other core (``aws_worker``)."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(LineProcess(["-m", "benchmarks.aws_worker"], cores()[1]))
            for _ in range(count)
        ]


@contextmanager
def certificate() -> Iterator[str]:
    """Create a file with a key and a certificate of 127.0.0.1."""
    with tempfile.TemporaryDirectory() as folder:
        yield str(self_signed(Path(folder)))


@contextmanager
def on_clients_core() -> Iterator[None]:
    """Run this process on the clients' core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores()[1]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
