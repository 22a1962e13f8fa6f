"""Runs a server on one core, and the load client on another."""

import json
import os
import resource
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import BUILD, ROOT, cores
from benchmarks.native import program
from benchmarks.servers import NotInstalled, Server

READY_S = 20.0
LOAD_S = 180.0
# The share of a core that other processes may use in a valid measurement.
DISTURBED = 0.1
TRIES = 3


class ServerFailed(Exception):
    """The server did not start; the text is the last line of its output."""


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    server: Server
    port: int
    pid: int


@contextmanager
def started(server: Server) -> Iterator[Running]:
    """Start the server in a temporary folder; the end of the block removes both.

    Raises:
        ServerFailed: the server ended, or did not listen in time.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=BUILD) as name:
        folder, port = Path(name), _free_port()
        log = folder / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                server.command(port, folder),
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=_on_core(cores()[0]),
            )
        try:
            if not _listens(process, port):
                said = log.read_text(errors="replace").strip().splitlines()
                raise ServerFailed(said[-1] if said else "did not listen in time")
            yield Running(server, port, process.pid)
        finally:
            # The folder is removed as well, so the server needs no orderly shutdown.
            process.kill()
            process.wait()


def load(
    running: Running,
    mode: str,
    options: Mapping[str, float],
    on_sample: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Run the load client; return its result, or ``{"error": …}``.

    ``options`` are those of ``load.c``. ``on_sample`` gets each line but the last as it arrives.
    """
    command = [str(program("load")), "--mode", mode, "--port", str(running.port)]
    command += ["--protocol", running.server.protocol, "--server-pid", str(running.pid)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    last: dict[str, Any] = {"error": "the load client said nothing"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=_on_core(cores()[1])
    ) as process:
        watchdog = threading.Timer(LOAD_S + options.get("seconds", 0), process.kill)
        watchdog.start()
        try:
            for line in process.stdout or ():
                if on_sample is not None and "at_s" in last:
                    on_sample(last)
                last = json.loads(line)
        finally:
            watchdog.cancel()
            process.kill()
    return last if "at_s" not in last else {"error": "the load client was cut off"}


def measure(
    server: Server, mode: str, options: Mapping[str, float], *, tries: int = TRIES
) -> dict[str, Any]:
    """Start the server, run the load client, and return its result or ``{"error": …}``.

    If other processes used either core, the measurement is repeated, and the least disturbed one is
    returned; its ``tries`` is the number of measurements.
    """
    best: dict[str, Any] = {}
    for number in range(1, tries + 1):
        try:
            with started(server) as running:
                found = load(running, mode, options)
        except (ServerFailed, NotInstalled) as error:
            return {"error": str(error)}
        if "error" in found:
            return found
        if not best or found["others"] < best["others"]:
            best = found
        best["tries"] = number
        if best["others"] <= DISTURBED:
            break
    return best


def _on_core(core: int) -> Callable[[], None]:
    def prepare() -> None:
        os.sched_setaffinity(0, {core})
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Only root can raise the hard limit; the load client reports a limit that is too low.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return prepare


def _environment() -> dict[str, str]:
    """Return this process's environment without variables that configure the service."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ALERTA_", "AWS_"))}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.02)
    return False
