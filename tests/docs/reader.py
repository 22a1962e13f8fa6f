"""A reader of a page: pastes its blocks one after another, into terminals as people use them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.conformance.targets import http_request
from tests.docs.described import Described
from tests.docs.exceptions import UNRUNNABLE
from tests.docs.pages import Block, commands
from tests.docs.terminal import Failed, Terminal
from tests.support.emulator import ROOT, free_port
from tests.support.server import server_environment

# The ports in the pages; a test replaces them by free ones.
SERVICE_PORT, RECEIVER_PORT = "8000", "9000"
# The incidents of the pages; a test replaces their ids by that of the newest incident.
SAMPLE_ID = re.compile(r"01a20b7b-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
REPOSITORY = re.compile(r"URL-(?:DEL-REPOSITORIO|OF-THE-REPOSITORY)")
CLONE = "alerta-utec-realtime"
# Commands that hold their terminal.
SERVES = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\S*alerta-utec serve|make serve)\b(?!.*--help)")
RECEIVES = re.compile(r"(?:python|node) rece\w+\.m?(?:py|js)$")
WATCHES = re.compile(r"(?:wscat|\S*alerta-utec watch)\b")
# Commands that need the running service.
ASKS = re.compile(
    r"\S*alerta-utec (?:notify|incidents|webhooks|watch|backup)\b|(?:curl|wscat|sqlite3) "
)
# A command that needs the stopped service, as its page says.
NEEDS_IT_STOPPED = re.compile(r"\S*alerta-utec restore\b")
# Treats the stamps as current, so that make installs nothing.
_MAKE = """#!/bin/sh
exec {make} -o .venv/serve.stamp -o .venv/dev.stamp -o node_modules/.stamp "$@"
"""
# Clones by links to the repository's files.
_GIT = """#!/bin/sh
set -e
test "$1" = clone
test "$2" = URL
mkdir "$3"
for each in {root}/* {root}/.venv; do
  case "$each" in */data|*/.build) ;; *) ln -s "$each" "$3/" ;; esac
done
"""


class Reader:
    """``with Reader(folder) as reader:`` — its terminals are closed at the end of the block.

    ``activated``: the project's commands are in the ``PATH``. ``repository``: what is cloned.
    A command that holds its terminal stays there; the next one goes into another terminal, which
    knows nothing of what was exported in the first.
    """

    def __init__(self, folder: Path, *, activated: bool, repository: Path = ROOT) -> None:
        self._home = folder / "home"
        self._home.mkdir()
        (self._home / ".curlrc").write_text("fail\nsilent\nshow-error\n")
        tools = folder / "bin"
        tools.mkdir()
        make = shutil.which("make")
        self._tool(tools / "make", _MAKE.format(make=make))
        self._git = tools / "git"
        self._tool(self._git, _GIT.format(root=repository))
        self._ports = {SERVICE_PORT: str(free_port()), RECEIVER_PORT: str(free_port())}
        path = [str(tools), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
        scripts = str(Path(sys.executable).parent)
        path = [each for each in ":".join(path).split(":") if each != scripts]
        if activated:
            path.insert(1, scripts)
        port = self._ports[SERVICE_PORT]
        self._environment = server_environment() | {
            "HOME": str(self._home),
            "PATH": ":".join(path),
            "LANG": "C.UTF-8",
            "VIRTUAL_ENV_DISABLE_PROMPT": "1",
            "NO_PROXY": "*",
            # The package as it is in the reader's clone.
            "PYTHONPATH": str(repository),
            "PYTHONDONTWRITEBYTECODE": "1",
            # What a reader needs not set: the port is the default one.
            "ALERTA_PORT": port,
            "ALERTA_WS_URL": f"ws://127.0.0.1:{port}/dev",
            "ALERTA_HTTP_URL": f"http://127.0.0.1:{port}",
        }
        self.folder = folder / "reader"
        self.folder.mkdir()
        self._terminals: list[Terminal] = []
        self._service: Terminal | None = None
        self._receiver: Terminal | None = None
        self.watchers: list[Terminal] = []
        self._documents: Described | None = None
        self.banner = ""
        self.shown: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for terminal in reversed(self._terminals):
            terminal.close()

    @property
    def http_url(self) -> str:
        """Where the reader's service is."""
        return f"http://127.0.0.1:{self._ports[SERVICE_PORT]}"

    @property
    def documents(self) -> Described:
        """The service's own documents of its messages and answers."""
        if self._documents is None:
            self.need_service()
            asyncapi, openapi = (
                http_request("GET", f"{self.http_url}/{name}.json").json()
                for name in ("asyncapi", "openapi")
            )
            self._documents = Described(asyncapi, openapi)
        return self._documents

    def clone(self) -> None:
        """Be in the folder of a clone, as a reader is who has been through the README."""
        subprocess.run([self._git, "clone", "URL", self.folder / CLONE], check=True, timeout=30)
        self.folder /= CLONE

    def here(self, text: str) -> str:
        """Return a block's text with this machine's ports and ids in place of the page's."""
        for theirs, ours in self._ports.items():
            text = re.sub(rf"\b{theirs}\b", ours, text)
        text = REPOSITORY.sub("URL", text)
        if re.search(r"\bwebhooks \w+ ID\b", text):
            webhooks = self._get("/webhooks")["webhooks"]
            text = re.sub(r"\bID\b", webhooks[-1]["webhookId"], text)
        if SAMPLE_ID.search(text) or re.search(r"\bID\b", text):
            newest = self._get("/incidents?limit=1")["incidents"]
            if newest:
                text = SAMPLE_ID.sub(newest[0]["incidentId"], text)
                text = re.sub(r"\bID\b", newest[0]["incidentId"], text)
        return text

    def save(self, block: Block) -> None:
        """Save a block under the name in its first line."""
        assert block.file_name is not None
        (self._terminal().folder_now() / block.file_name).write_text(self.here(block.text))

    def paste(self, block: Block) -> None:
        """Paste the commands of a shell block, one after another."""
        for command in commands(block):
            try:
                exception = next((each for each in UNRUNNABLE if each.matches(command)), None)
                if exception is not None:
                    exception.check(command)
                else:
                    self.paste_command(command)
            except (Failed, AssertionError, subprocess.SubprocessError) as error:
                raise Failed(f"{block.place}: {command}\n{error}") from error

    def paste_command(self, command: str) -> str:
        """Paste one command; a new terminal is opened when the last one is held."""
        if NEEDS_IT_STOPPED.match(command):
            self._stop(self._service)
            self._service = None
        elif ASKS.match(command):
            self.need_service()
        command = self.here(command)
        if SERVES.match(command):
            self._stop(self._service)
            return self._serve(command, self._terminal())
        if RECEIVES.match(command):
            self._stop(self._receiver)
            self._receiver = terminal = self._terminal()
            terminal.start(command, self._receiver_listens)
            return terminal.screen
        terminal = self._terminal()
        if WATCHES.match(command):
            sign = "Connected" if command.startswith("wscat") else "conectado"
            terminal.start(command, lambda: sign in terminal.screen)
            self.watchers.append(terminal)
            return terminal.screen
        self.shown.append((command, terminal.run(command)))
        return self.shown[-1][1]

    def run_program(self, text: str, ends_with: str | None) -> None:
        """Run a Python program; one without an end is stopped once it has written a text."""
        self.need_service()
        terminal = self._terminal()
        program = terminal.folder_now() / "program.py"
        program.write_text(self.here(text))
        if ends_with is None:
            terminal.run("python program.py")
        else:
            terminal.start("python program.py", lambda: ends_with in terminal.screen)
            terminal.interrupt()

    def send(self, message: str) -> None:
        """Type a message into the last wscat, or send it by one that is opened for it."""
        self.need_service()
        if not self.watchers:
            self.paste_command(f"wscat -c {self._environment['ALERTA_WS_URL']}")
        message = self.here(message)
        before = [len(frames(watcher)) for watcher in self.watchers]
        self.watchers[-1].type_line(message)
        sent = json.loads(message)
        self.watchers[-1].wait("an answer", lambda: len(frames(self.watchers[-1])) > before[-1])
        if sent["action"] == "notify":
            for watcher, count in zip(self.watchers, before, strict=True):
                watcher.wait("the incident", lambda w=watcher, n=count: len(frames(w)) > n)
        answers = frames(self.watchers[-1])[before[-1] :]
        assert [each for each in answers if each.get("type") == "error"] == [], answers

    def need_service(self) -> None:
        """Start the service in a terminal of its own, unless it runs: the page presupposes it."""
        if self._service is None:
            terminal = Terminal(self._terminal().folder_now(), self._environment)
            self._terminals.insert(0, terminal)
            self._serve("make serve", terminal)

    def _serve(self, command: str, terminal: Terminal) -> str:
        terminal.start(command, lambda: "Ctrl-C lo detiene" in terminal.screen)
        self._service = terminal
        self.banner = terminal.screen
        self._ports[SERVICE_PORT] = self._listens_on(terminal)
        return terminal.screen

    def _terminal(self) -> Terminal:
        """Return the last terminal, or a new one where that is held."""
        if not self._terminals or self._terminals[-1].held_by:
            folder = self._terminals[-1].folder if self._terminals else self.folder
            free = next((each for each in self._terminals if not each.held_by), None)
            if free is not None:
                self._terminals.remove(free)
                self._terminals.append(free)
            else:
                self._terminals.append(Terminal(folder, self._environment))
        return self._terminals[-1]

    def _stop(self, terminal: Terminal | None) -> None:
        if terminal is not None and terminal.held_by:
            terminal.interrupt()
            if terminal is self._service:
                # Their connections have ended with it.
                self.watchers.clear()

    def _listens_on(self, terminal: Terminal) -> str:
        found = re.search(r"HTTP +https?://127\.0\.0\.1:(\d+)", terminal.screen)
        assert found is not None, terminal.screen
        return found[1]

    def _receiver_listens(self) -> bool:
        url = f"http://127.0.0.1:{self._ports[RECEIVER_PORT]}/"
        try:
            return http_request("POST", url, b"unsigned").status == 401
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        self.need_service()
        return http_request("GET", self.http_url + path).json()

    @staticmethod
    def _tool(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


def frames(terminal: Terminal) -> list[dict[str, Any]]:
    """Return the frames that a wscat shows."""
    found = re.findall(r"< (\{.*\})$", terminal.screen, re.MULTILINE)
    return [json.loads(text) for text in found]
