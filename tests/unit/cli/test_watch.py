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
    """Whether the line says that it listens."""
    return line.startswith("Conectado")


def test_what_is_reported_shows_at_once_and_ctrl_c_ends_it_cleanly(server: Server) -> None:
    with Process("watch", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        ack = json.loads(run("notify", "--url", server.ws_url, *FIELDS).stdout)

        line = wait_for(watching.out, lambda line: ack["incidentId"] in line)
        code = watching.interrupt()

    assert "▲ ALTA   pendiente    Patio  prueba" in line
    assert "\x1b" not in line
    assert code == 0
    assert not [line for line in watching.err if "Traceback" in line]


def test_json_prints_the_frames(server: Server) -> None:
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
    """Report an incident; the ack."""
    ack: dict[str, Any] = json.loads(run("notify", "--url", server.ws_url, *FIELDS, *more).stdout)
    return ack


def position_of(server: Server) -> str:
    """Where the service is."""
    with WsClient(server.ws_url) as client:
        return str(client.ping()["position"])


def test_what_happens_while_the_server_is_away_shows_when_it_is_back(serve: ServeFactory) -> None:
    server = serve()
    with Process("watch", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        server.kill9()
        lost = wait_for(watching.err, lambda line: "nuevo intento en" in line)
        # Another server on the same data takes an incident in before the watcher is back.
        with Server(server.data) as other:
            missed = notify(other)

        with Process("serve", "--port", str(server.port), "--data", str(server.data)):
            line = wait_for(watching.out, lambda line: missed["incidentId"] in line)
            again = wait_for(watching.err, lambda line: line.startswith("Conectado de nuevo"))

    assert "la conexión se cortó" in lost
    assert again == "Conectado de nuevo; recuperado: 1."
    assert watching.out == [line]


def test_since_begins_with_what_changed_since_that_position(server: Server) -> None:
    notify(server)
    position = position_of(server)
    missed = [notify(server)["incidentId"] for _ in range(2)]

    with Process("watch", "--url", server.ws_url, "--since", position) as watching:
        told = wait_for(watching.err, connected)
        wait_for(watching.out, lambda line: missed[-1] in line)
        code = watching.interrupt()

    assert "recuperados: 2" in told
    assert [line.split("[")[-1].rstrip("]") for line in watching.out] == missed
    assert code == 0


def test_json_prints_what_was_missed_as_frames_too(server: Server) -> None:
    position = position_of(server)
    missed = notify(server)

    with Process("watch", "--json", "--url", server.ws_url, "--since", position) as watching:
        line = wait_for(watching.out, lambda line: missed["incidentId"] in line)

    frame = json.loads(line)
    assert list(frame) == ["type", "incident", "position"]
    assert frame["position"].endswith(f":{missed['seq']}")


def test_state_goes_on_where_the_last_run_ended(server: Server, tmp_path: Path) -> None:
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


def test_a_position_that_the_service_does_not_know_shows_the_open_incidents(
    server: Server,
) -> None:
    known = notify(server)["incidentId"]

    with Process("watch", "--url", server.ws_url, "--since", "otra:7") as watching:
        told = wait_for(watching.err, lambda line: "no conoce esa posición" in line)
        wait_for(watching.out, lambda line: known in line)

    assert "incidentes abiertos" in told


@pytest.mark.parametrize("position", ["", "7", "x:", "x:-1", "Ñ:1"])
def test_a_position_that_is_none_is_refused(position: str) -> None:
    result = run("watch", "--since", position)

    assert result.exit_code == 2
    assert "debe ser una posición" in result.stderr


@pytest.mark.parametrize("content", [b"hola", b"\xff", b"x:1 y:2", b"x:1" * 1000])
def test_a_state_file_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    state = tmp_path / "notas.txt"
    state.write_bytes(content)

    result = run("watch", "--state", str(state))

    assert result.exit_code == 1
    assert "no contiene una posición" in result.stderr
    assert state.read_bytes() == content


def test_a_state_file_that_cannot_be_written_ends_it_with_why(
    server: Server, tmp_path: Path
) -> None:
    state = tmp_path / "no" / "existe"

    result = run("watch", "--url", server.ws_url, "--state", str(state))

    assert result.exit_code == 1
    assert "no se puede usar" in result.stderr


def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    with Process("watch", "--url", f"ws://127.0.0.1:{free_port()}/dev") as watching:
        line = wait_for(watching.err, lambda line: "nuevo intento en" in line)
        code = watching.interrupt()

    assert "alerta-utec serve" in line
    assert code == 0


def test_a_wrong_address_ends_it_with_1(server: Server) -> None:
    result = run("watch", "--url", server.ws_url.replace("/dev", "/prod"))

    assert result.exit_code == 1
    assert "HTTP 403" in result.stderr
