"""``alerta-utec watch`` against the real server."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServeFactory
from tests.support.emulator import free_port
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.cli.running import Process, run, wait_for

FIELDS = ("--type", "prueba", "--location", "Patio", "--urgency", "high")


def connected(line: str) -> bool:
    """Return whether the line says that ``watch`` is connected."""
    return line.startswith("Conectado")


def test_watch_shows_a_reported_incident_and_ends_cleanly_on_ctrl_c(server: Server) -> None:
    with Process("watch", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        ack = json.loads(run("notify", "--url", server.ws_url, *FIELDS).stdout)

        line = wait_for(watching.out, lambda line: ack["incidentId"] in line)
        code = watching.interrupt()

    assert "▲ ALTA   pendiente    Patio  prueba" in line
    assert "\x1b" not in line
    assert code == 0
    assert not [line for line in watching.err if "Traceback" in line]


def test_watch_with_json_prints_the_frames(server: Server) -> None:
    with Process("watch", "--json", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        ack = json.loads(run("notify", "--url", server.ws_url, *FIELDS).stdout)

        line = wait_for(watching.out, lambda line: ack["incidentId"] in line)

    frame = json.loads(line)
    assert frame["type"] == "incident_update"
    assert frame["incident"]["seq"] == ack["seq"]
    assert frame["position"].endswith(f":{ack['seq']}")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_hostile_text_reaches_no_terminal(server: Server, form: tuple[str, ...]) -> None:
    hostile = "a\u202eb\u2066c\x1b[2J\x9b31m"
    with Process("watch", *form, "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        arguments = ("--type", "t", "--location", hostile, "--urgency", "low")
        more = ("--description", hostile, "--extra", f"{hostile}={hostile}")
        ack = json.loads(run("notify", "--url", server.ws_url, *arguments, *more).stdout)

        line = wait_for(watching.out, lambda line: ack["incidentId"] in line)

    assert "\\u202e" in line
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf")]


def notify(server: Server, *more: str) -> dict[str, Any]:
    """Report an incident and return its ack."""
    ack: dict[str, Any] = json.loads(run("notify", "--url", server.ws_url, *FIELDS, *more).stdout)
    return ack


def position_of(server: Server) -> str:
    """Return the service's current position."""
    with WsClient(server.ws_url) as client:
        return str(client.ping()["position"])


def test_watch_shows_the_changes_that_it_missed_while_the_server_was_down(
    serve: ServeFactory,
) -> None:
    server = serve()
    with Process("watch", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        server.kill9()
        lost = wait_for(watching.err, lambda line: "nuevo intento en" in line)
        # Another server on the same data stores an incident before ``watch`` reconnects.
        with Server(server.data) as other:
            missed = notify(other)

        with Process("serve", "--port", str(server.port), "--data", str(server.data)):
            line = wait_for(watching.out, lambda line: missed["incidentId"] in line)
            again = wait_for(watching.err, lambda line: line.startswith("Conectado de nuevo"))

    assert "la conexión se cortó" in lost
    assert again == "Conectado de nuevo; recuperado: 1."
    assert watching.out == [line]


def test_watch_since_a_position_begins_with_the_later_changes(server: Server) -> None:
    notify(server)
    position = position_of(server)
    missed = [notify(server)["incidentId"] for _ in range(2)]

    with Process("watch", "--url", server.ws_url, "--since", position) as watching:
        status = wait_for(watching.err, connected)
        wait_for(watching.out, lambda line: missed[-1] in line)
        code = watching.interrupt()

    assert "recuperados: 2" in status
    assert [line.split("[")[-1].rstrip("]") for line in watching.out] == missed
    assert code == 0


def test_watch_with_json_prints_missed_changes_as_frames(server: Server) -> None:
    position = position_of(server)
    missed = notify(server)

    with Process("watch", "--json", "--url", server.ws_url, "--since", position) as watching:
        line = wait_for(watching.out, lambda line: missed["incidentId"] in line)

    frame = json.loads(line)
    assert list(frame) == ["type", "incident", "position"]
    assert frame["position"].endswith(f":{missed['seq']}")


def test_watch_with_a_state_file_continues_at_the_last_position(
    server: Server, tmp_path: Path
) -> None:
    state = tmp_path / "posición"
    arguments = ("watch", "--json", "--url", server.ws_url, "--state", str(state))
    with Process(*arguments) as first:
        wait_for(first.err, connected)
        shown = notify(server)["incidentId"]
        wait_for(first.out, lambda line: shown in line)
        first.interrupt()
    missed = notify(server)["incidentId"]

    with Process(*arguments) as second:
        wait_for(second.out, lambda line: missed in line)
        second.interrupt()

    assert [frame["incident"]["incidentId"] for frame in map(json.loads, second.out)] == [missed]
    assert state.read_text() == f"{json.loads(second.out[-1])['position']}\n"
    assert [path.name for path in tmp_path.iterdir()] == [state.name]


def test_watch_since_an_unknown_position_shows_the_open_incidents(
    server: Server,
) -> None:
    known = notify(server)["incidentId"]

    with Process("watch", "--url", server.ws_url, "--since", "otra:7") as watching:
        status = wait_for(watching.err, lambda line: "no conoce esa posición" in line)
        wait_for(watching.out, lambda line: known in line)

    assert "incidentes abiertos" in status


@pytest.mark.parametrize("position", ["", "7", "x:", "x:-1", "Ñ:1"])
def test_a_malformed_position_is_refused(position: str) -> None:
    result = run("watch", "--since", position)

    assert result.exit_code == 2
    assert "debe ser una posición" in result.stderr


@pytest.mark.parametrize("content", [b"hola", b"\xff", b"x:1 y:2", b"x:1" * 1000])
def test_a_file_that_is_no_state_file_is_refused_and_not_changed(
    tmp_path: Path, content: bytes
) -> None:
    state = tmp_path / "notas.txt"
    state.write_bytes(content)

    result = run("watch", "--state", str(state))

    assert result.exit_code == 1
    assert "no contiene una posición" in result.stderr
    assert state.read_bytes() == content


def test_a_state_file_that_cannot_be_written_ends_watch_with_the_reason(
    server: Server, tmp_path: Path
) -> None:
    state = tmp_path / "no" / "existe"

    result = run("watch", "--url", server.ws_url, "--state", str(state))

    assert result.exit_code == 1
    assert "no se puede usar" in result.stderr


def test_watch_waits_for_a_server_that_is_not_running() -> None:
    with Process("watch", "--url", f"ws://127.0.0.1:{free_port()}/dev") as watching:
        line = wait_for(watching.err, lambda line: "nuevo intento en" in line)
        code = watching.interrupt()

    assert "alerta-utec serve" in line
    assert code == 0


def test_a_wrong_url_ends_watch_with_exit_code_1(server: Server) -> None:
    result = run("watch", "--url", server.ws_url.replace("/dev", "/prod"))

    assert result.exit_code == 1
    assert "HTTP 403" in result.stderr
