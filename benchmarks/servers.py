"""The servers to compare: the service, the machine's limit, and peers that store nothing."""

import getpass
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from alerta_utec import __version__
from benchmarks.machine import ROOT, output
from benchmarks.native import program

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PYTHON = ROOT / ".build" / "bench-venv" / "bin" / "python"
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))

LIMIT = "c"
OURS = "alerta"


class NotInstalled(Exception):
    """The peer is not installed; the text says what is missing."""


@dataclass(frozen=True)
class Server:
    """A server to measure, with its ``name`` in files and ``label`` in tables.

    ``command`` gets a port and a temporary folder. ``protocol``: the load client's protocol for it.
    ``version`` raises ``NotInstalled``.
    """

    name: str
    label: str
    protocol: str
    command: Callable[[int, Path], list[str]] = field(repr=False)
    version: Callable[[], str] = field(repr=False)

    def missing(self) -> str | None:
        """Return what is missing, or ``None`` if the server is installed."""
        try:
            self.version()
        except NotInstalled as error:
            return str(error)
        return None


def _bare_loop(port: int, _folder: Path) -> list[str]:
    return [str(program("echo")), str(port)]


def _service(port: int, folder: Path) -> list[str]:
    data = str(folder / "data")
    return [sys.executable, "-m", "alerta_utec", "serve", "--port", str(port), "--data", data]


def _node(script: str) -> Callable[[int, Path], list[str]]:
    return lambda port, _folder: ["node", str(PEERS / script), str(port)]


def _python(script: str) -> Callable[[int, Path], list[str]]:
    return lambda port, _folder: [str(PYTHON), str(PEERS / script), str(port)]


def _nats(port: int, folder: Path) -> list[str]:
    config = folder / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:-1"\nwebsocket {{ listen: "127.0.0.1:{port}", no_tls: true }}\n'
    )
    return [_binary("nats-server"), "-c", str(config)]


def _mosquitto(port: int, folder: Path) -> list[str]:
    """Configure version 2.0, which needs another listener and binds by interface."""
    config = folder / "mosquitto.conf"
    config.write_text(
        f"user {getpass.getuser()}\n"  # as root it would change to a user who cannot write here
        "allow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_type error\n"
        f"listener 0 {folder}/mqtt\nlistener {port} lo\nprotocol websockets\n"
    )
    return [_binary("mosquitto"), "-c", str(config)]


def _binary(name: str) -> str:
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise NotInstalled(f"{name} (Debian: apt-get install {name})")
    return found


def _node_version(package: str) -> Callable[[], str]:
    def version() -> str:
        found = HERE / "node_modules" / package / "package.json"
        if shutil.which("node") is None or not found.exists():
            raise NotInstalled(f"{package} (make bench-peers)")
        return f"{json.loads(found.read_text())['version']}, Node {output('node', '--version')}"

    return version


def _python_version(*packages: str) -> Callable[[], str]:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"

    def version() -> str:
        if not PYTHON.exists():
            raise NotInstalled(f"{packages[0]} (make bench-peers)")
        versions = output(str(PYTHON), "-c", code, *packages).split()
        return ", ".join(
            f"{name} {number}" for name, number in zip(packages, versions, strict=True)
        )

    return version


SERVERS = (
    Server(LIMIT, "C loop (the limit)", "text", _bare_loop, lambda: output("cc", "--version")),
    Server(OURS, "Alerta UTEC", "alerta", _service, lambda: __version__),
    Server("ws", "ws (Node)", "text", _node("node_ws.mjs"), _node_version("ws")),
    Server(
        "socket.io",
        "Socket.IO (Node)",
        "socketio",
        _node("node_socketio.mjs"),
        _node_version("socket.io"),
    ),
    Server(
        "aiohttp",
        "aiohttp send_str + uvloop",
        "text",
        _python("python_aiohttp.py"),
        _python_version("aiohttp", "uvloop"),
    ),
    Server(
        "websockets",
        "websockets broadcast() + uvloop",
        "text",
        _python("python_websockets.py"),
        _python_version("websockets", "uvloop"),
    ),
    Server(
        "starlette",
        "Starlette on uvicorn",
        "text",
        _python("python_starlette.py"),
        _python_version("starlette", "uvicorn", "websockets", "uvloop"),
    ),
    Server(
        "nats",
        "nats-server, WebSocket",
        "nats",
        _nats,
        lambda: output(_binary("nats-server"), "--version").removeprefix("nats-server: "),
    ),
    Server(
        "mosquitto",
        "mosquitto, WebSocket",
        "mqtt",
        _mosquitto,
        lambda: output(_binary("mosquitto"), "-h").removeprefix("mosquitto version "),
    ),
)
BY_NAME = {server.name: server for server in SERVERS}
# A peer for the submit benchmark: it stores, and uses only the service's own packages.
ONE_BY_ONE = Server(
    "one-by-one",
    "a sketch: aiohttp, a commit each",
    "alerta",
    lambda port, folder: [
        sys.executable,
        str(PEERS / "python_one_by_one.py"),
        str(port),
        str(folder),
    ],
    lambda: __version__,
)
