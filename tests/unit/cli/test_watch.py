"""``alerta-utec watch`` against the real server."""

import json
import unicodedata

import pytest

from tests.conftest import ServeFactory
from tests.support.emulator import free_port
from tests.support.server import Server
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


def test_a_lost_server_is_told_and_found_again(serve: ServeFactory) -> None:
    server = serve()
    with Process("watch", "--url", server.ws_url) as watching:
        wait_for(watching.err, connected)
        server.stop()
        lost = wait_for(watching.err, lambda line: "nuevo intento en" in line)

        with Process("serve", "--port", str(server.port), "--data", str(server.data)):
            again = wait_for(watching.err, lambda line: line.startswith("Conectado de nuevo"))

    assert "1001" in lost
    assert "alerta-utec incidents" in again


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
