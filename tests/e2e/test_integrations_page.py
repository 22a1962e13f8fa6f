"""The code for other programs in docs/integrations.es.md, run as written."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from alerta_utec.client import AlertaUtec
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.emulator import ROOT, free_port
from tests.support.eventually import eventually
from tests.support.server import Server, server_environment

PAGE = (ROOT / "docs" / "integrations.es.md").read_text()
LOCAL = "http://127.0.0.1:8000"
SECRET = "whsec_dW5hIGNsYXZlIGRlIHBydWViYSwgZGUgMzIgYnl0ZXM="
PATIENCE_S = 20.0
Start = Callable[[str], "Program"]


def piece(section: str, language: str) -> str:
    """Return the first code block of a language in a section."""
    found = re.search(
        rf"^```{language}\n(.*?)^```", PAGE.split(f"\n## {section}\n")[1], re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return found[1]


def test_the_example_for_back_ends_runs_as_written(serve: ServeFactory) -> None:
    program = piece("Back ends (Python)", "python")
    assert LOCAL in program

    done = subprocess.run(
        [sys.executable, "-c", program.replace(LOCAL, serve().http_url)],
        cwd=ROOT,
        env={"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    listed, refused, counted = done.stdout.splitlines()
    assert listed == "high Sótano fuga de agua"
    assert refused.startswith("invalid_incident (('incident.location', ")
    assert counted == "1 incidentes esta semana"


class Program:
    """``with Program(command, port) as program:`` — listening inside the block."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=server_environment() | {"WEBHOOK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Program":
        self._reader.start()
        self.wait(self._listens)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""

        def held() -> bool:
            assert self._process.poll() is None, self.lines
            return holds()

        eventually(held, f"the example prints it; so far: {self.lines}", within_s=PATIENCE_S)

    def told(self) -> list[str]:
        """Return the printed lines about drills, without the log."""
        return [line for line in self.lines if line.startswith("SIMULACRO")]

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self._process.stdout)

    def _listens(self) -> bool:
        try:
            return http_request("POST", self.url, b"falso").status == 401
        except OSError:
            return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts the page's receiver of a language on a free port."""
    with ExitStack() as stack:

        def run(language: str) -> Program:
            text, port = piece("Webhooks", language), free_port()
            assert "9000" in text
            name = {"python": "receptor.py", "js": "receptor.mjs"}[language]
            (tmp_path / name).write_text(text.replace("9000", str(port)))
            # Node searches packages beside the program.
            (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
            interpreter = {"python": sys.executable, "js": "node"}[language]
            return stack.enter_context(Program([interpreter, str(tmp_path / name)], port))

        yield run


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_example_receivers_accept_signed_requests_only(
    start: Start, server: Server, language: str
) -> None:
    receiver = start(language)
    with AlertaUtec(server.http_url) as alerta:
        kept = alerta.webhooks.add(receiver.url, filter={"type": "humo denso"}, secret=SECRET)
        forged = alerta.webhooks.add(receiver.url, filter={"type": "nada"})
        try:
            tried = [alerta.webhooks.test(one["webhookId"]) for one in (kept, forged)]
            first = alerta.notify(type="humo denso", location="Patio ñ", urgency="low", drill=True)
            alerta.update(first.incident_id, status="resuelto")
            receiver.wait(lambda: len(receiver.told()) >= 2)
        finally:
            for one in (kept, forged):
                alerta.webhooks.remove(one["webhookId"])

    assert [(one["ok"], one["status"]) for one in tried] == [(True, 204), (False, 401)]
    assert receiver.told() == [
        "SIMULACRO: humo denso Patio ñ pendiente",
        "SIMULACRO: humo denso Patio ñ resuelto",
    ]


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_example_receivers_handle_a_repeated_event_once(start: Start, language: str) -> None:
    receiver, now = start(language), datetime.now(UTC)
    for event_id, place in (("msg_1", "Patio"), ("msg_1", "Patio"), ("msg_2", "Cocina")):
        incident = {"type": "humo", "location": place, "status": "pendiente", "drill": True}
        event = {"id": event_id, "type": "…created", "data": {"incident": incident}}
        body = json.dumps(event)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(event_id, now, body),
        }
        assert http_request("POST", receiver.url, body.encode(), headers).status == 204

    receiver.wait(lambda: len(receiver.told()) >= 2)

    assert receiver.told() == [
        "SIMULACRO: humo Patio pendiente",
        "SIMULACRO: humo Cocina pendiente",
    ]
