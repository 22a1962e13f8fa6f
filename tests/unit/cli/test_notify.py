"""``alerta-utec notify`` against the real server."""

import json
import uuid

import pytest

from tests.support.emulator import free_port
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.cli.running import json_lines, run

SEED = (
    '{"action":"notify","incident":{"type":"prueba","location":"Laboratorio A",'
    '"description":"Mensaje de prueba en tiempo real","urgency":"high","status":"pendiente",'
    '"timestamp":"2025-11-16T18:12:00Z"}}'
)
FIELDS = ("--type", "prueba", "--location", "Laboratorio A", "--urgency", "high")


def test_an_incident_given_by_options_is_stored_and_its_ack_printed(server: Server) -> None:
    with WsClient(server.ws_url) as listener:
        listener.ping()

        result = run("notify", "--url", server.ws_url, *FIELDS, "--extra", "sensor=T=9")

        (ack,) = json_lines(result.stdout)
        update = listener.wait_update(ack["incidentId"])
    assert result.exit_code == 0
    assert (ack["type"], ack["action"], ack["duplicate"]) == ("ack", "notify", False)
    assert update["incident"]["location"] == "Laboratorio A"
    assert update["incident"]["sensor"] == "T=9"


@pytest.mark.parametrize("option", ["--drill", "--simulacro"])
def test_a_drill_is_marked_in_the_update_and_on_its_page(server: Server, option: str) -> None:
    with WsClient(server.ws_url) as listener:
        listener.ping()

        (ack,) = json_lines(run("notify", "--url", server.ws_url, *FIELDS, option).stdout)

        update = listener.wait_update(ack["incidentId"])
    shown = run("incidents", "--url", server.http_url, "show", ack["incidentId"])
    assert update["incident"]["drill"] is True
    assert "SIMULACRO" in shown.stdout


def test_the_url_can_come_from_the_environment(server: Server) -> None:
    result = run("notify", *FIELDS, environment={"ALERTA_WS_URL": server.ws_url})

    assert result.exit_code == 0


@pytest.mark.parametrize("text", [SEED, json.dumps(json.loads(SEED)["incident"])])
def test_json_on_stdin_is_the_incident_or_the_whole_message(server: Server, text: str) -> None:
    result = run("notify", "-", "--url", server.ws_url, stdin=text)

    (ack,) = json_lines(result.stdout)
    shown = run("incidents", "--url", server.http_url, "show", ack["incidentId"], "--json")
    (found,) = json_lines(shown.stdout)
    assert found["incident"]["description"] == "Mensaje de prueba en tiempo real"


def test_two_reports_with_the_same_key_are_stored_once(server: Server) -> None:
    arguments = ("notify", "--url", server.ws_url, *FIELDS, "--key", uuid.uuid4().hex)

    first, second = (json_lines(run(*arguments).stdout)[0] for _ in range(2))

    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["incidentId"] == second["incidentId"]


def test_the_key_in_a_message_on_stdin_is_used(server: Server) -> None:
    message = json.loads(SEED) | {"idempotencyKey": uuid.uuid4().hex}

    acks = [
        json_lines(run("notify", "-", "--url", server.ws_url, stdin=json.dumps(message)).stdout)[0]
        for _ in range(2)
    ]

    assert [ack["duplicate"] for ack in acks] == [False, True]


def test_two_reports_without_a_key_are_two_incidents(server: Server) -> None:
    acks = [json_lines(run("notify", "--url", server.ws_url, *FIELDS).stdout)[0] for _ in range(2)]

    assert acks[0]["incidentId"] != acks[1]["incidentId"]
    assert not acks[1]["duplicate"]


def test_a_refused_incident_ends_with_exit_code_1_and_lists_every_problem(server: Server) -> None:
    result = run("notify", "--url", server.ws_url, "--type", "", "--urgency", "urgentísimo")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: rechazado: El incidente tiene campos no válidos. (invalid_incident)",
        "  incident.type: no puede estar vacío",
        "  incident.location: falta",
        "  incident.urgency: debe ser uno de: low, medium, high",
    ]


def test_the_same_id_with_other_content_is_refused(server: Server) -> None:
    arguments = ("notify", "--url", server.ws_url, *FIELDS, "--id", uuid.uuid4().hex)
    run(*arguments)

    result = run(*arguments, "--description", "otra cosa")

    assert result.exit_code == 1
    assert "(conflict)" in result.stderr


@pytest.mark.parametrize(
    "text",
    ["", "no es JSON", "[1]", '{"type":NaN}', '{"type":"\\ud800"}', "[" * 5000, "\x1b[31m"],
)
def test_stdin_that_is_no_json_object_is_refused_without_the_service(text: str) -> None:
    result = run("notify", "-", stdin=text)

    assert result.exit_code == 1
    assert result.stderr == "Error: la entrada: El mensaje no es un objeto JSON válido.\n"


def test_stdin_over_the_limit_is_refused_without_the_service() -> None:
    result = run("notify", "-", stdin=b'{"a":"' + b"x" * 40_000 + b'"}')

    assert result.exit_code == 1
    assert "32768 bytes" in result.stderr


def test_an_incident_over_the_limit_is_refused_without_a_retry(server: Server) -> None:
    result = run("notify", "--url", server.ws_url, *FIELDS, "--extra", f"x={'y' * 33_000}")

    assert result.exit_code == 1
    assert "(too_large)" in result.stderr


def test_another_action_on_stdin_is_refused_without_the_service() -> None:
    result = run("notify", "-", stdin='{"action":"ping"}')

    assert result.exit_code == 1
    assert '"action":"notify"' in result.stderr


def test_a_refused_connection_ends_with_exit_code_1_and_says_how_to_start_the_server() -> None:
    url = f"ws://127.0.0.1:{free_port()}/dev"

    result = run("notify", "--url", url, *FIELDS, "--timeout", "0.5")

    assert (result.exit_code, result.stdout) == (1, "")
    assert url in result.stderr
    assert "alerta-utec serve" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_stage_in_the_url_is_explained(server: Server) -> None:
    result = run("notify", "--url", server.ws_url.replace("/dev", "/prod"), *FIELDS)

    assert result.exit_code == 1
    assert "HTTP 403" in result.stderr
    assert "la etapa" in result.stderr
