"""``alerta-utec incidents`` against the real server."""

import json
import re
import uuid

import pytest

from tests.conftest import ServeFactory
from tests.support.emulator import free_port
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.cli.running import json_lines, run


def report(server: Server, *incidents: dict[str, object]) -> list[str]:
    """Report the incidents and return their ids."""
    with WsClient(server.ws_url) as client:
        return [client.notify(incident)["incidentId"] for incident in incidents]


def test_the_newest_incident_comes_first(server: Server) -> None:
    place = uuid.uuid4().hex
    incident = {"type": "prueba", "location": place, "urgency": "low"}
    first, second = report(server, incident, incident)

    result = run("incidents", "--url", server.http_url, "--location", place)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split("[")[-1] for line in lines] == [f"{second}]", f"{first}]"]
    assert "○ BAJA" in lines[0]


def test_the_list_continues_over_pages_up_to_the_limit(server: Server) -> None:
    place = uuid.uuid4().hex
    incident = {"type": "prueba", "location": place, "urgency": "low"}
    ids = report(server, *[incident] * 230)
    arguments = ("incidents", "--url", server.http_url, "--location", place, "--json", "--limit")

    all_of_them = json_lines(run(*arguments, "1000").stdout)
    some = json_lines(run(*arguments, "215").stdout)

    assert [found["incidentId"] for found in all_of_them] == ids[::-1]
    assert [found["incidentId"] for found in some] == ids[::-1][:215]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--urgency", "high,media", {"a", "b"}),
        ("--status", "resuelto", {"b"}),
        ("--type", "FUEGO", {"a"}),
        ("--type", "nada", set()),
    ],
)
def test_filters_narrow_the_list(
    server: Server, option: str, value: str, expected: set[str]
) -> None:
    place = uuid.uuid4().hex
    report(
        server,
        {"type": "fuego", "location": place, "urgency": "high", "name": "a"},
        {"type": "agua", "location": place, "urgency": "medium", "status": "resuelto", "name": "b"},
        {"type": "otro", "location": place, "urgency": "low", "name": "c"},
    )
    arguments = ("incidents", "--url", server.http_url, "--location", place, "--json")

    result = run(*arguments, option, value)

    assert {found["name"] for found in json_lines(result.stdout)} == expected


def test_an_empty_list_is_reported_on_standard_error(serve: ServeFactory) -> None:
    server = serve(options=("--ephemeral",))

    result = run("incidents", environment={"ALERTA_HTTP_URL": server.http_url})

    assert (result.exit_code, result.stdout) == (0, "")
    assert "No hay incidentes" in result.stderr


def test_show_prints_an_incident_and_its_history(server: Server) -> None:
    (incident_id,) = report(server, {"type": "humo", "location": "Cocina", "urgency": "high"})

    result = run("incidents", "--url", server.http_url, "show", incident_id)

    assert result.exit_code == 0
    assert "type:        humo" in result.stdout
    assert "Historia:\n  r1  " in result.stdout
    assert "status: ∅ → pendiente, urgency: ∅ → high" in result.stdout


def test_show_prints_the_deliveries_of_an_incident(serve: ServeFactory) -> None:
    # A server of its own: beyond five high reports of one person, e-mails leave together.
    server = serve()
    with WsClient(server.ws_url) as listener:
        listener.ping()
        incident = {"type": "humo", "location": "Cocina", "urgency": "high"}
        (incident_id,) = report(server, incident)
        show = ("incidents", "--url", server.http_url, "show", incident_id)

        # The record may lag behind by a second.
        shown = eventually(
            lambda: run(*show).stdout,
            "the broadcast and the e-mail are on record",
            accept=lambda text: "difusión" in text and "enviado" in text,
        )

    deliveries = shown.partition("\nEntregas:\n")[2].splitlines()
    assert [line.split("  ")[3] for line in deliveries] == ["difusión", "correo"]
    assert re.search(r"entregado a (\d+) de \1 conexiones, en \d+ ms$", deliveries[0])
    assert deliveries[1].endswith("correo    enviado  (maildir)")


def test_the_url_option_is_accepted_before_and_after_show(server: Server) -> None:
    (incident_id,) = report(server, {"type": "humo", "location": "Cocina", "urgency": "high"})
    url, show = ("--url", server.http_url), ("show", incident_id)

    before, after = run("incidents", *url, *show), run("incidents", *show, *url)

    # A delivery may be recorded between the two commands.
    history, _, _ = before.stdout.partition("Entregas")
    assert before.exit_code == 0
    assert after.stdout.startswith(history)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_hostile_text_reaches_no_terminal(server: Server, form: tuple[str, ...]) -> None:
    hostile = "\x1b]0;x\x07\u202e\x9b"
    (incident_id,) = report(
        server,
        {"type": "t", "location": "l", "urgency": "low", "x": hostile, hostile: {"y": "\x1b"}},
    )

    result = run("incidents", "--url", server.http_url, "show", incident_id, *form)

    assert not set(result.stdout) & set("\x1b\x07\u202e\x9b")
    if form:
        assert json.loads(result.stdout)["incident"]["x"] == hostile


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(server: Server, environment: dict[str, str], coloured: bool) -> None:
    (incident_id,) = report(server, {"type": "t", "location": "l", "urgency": "high"})
    arguments = ("incidents", "--url", server.http_url, "--limit", "5")

    result = run(*arguments, environment=environment, color=True)

    assert incident_id in result.stdout
    assert ("\x1b[31m" in result.stdout) is coloured


def test_an_unknown_incident_ends_with_exit_code_1(server: Server) -> None:
    result = run("incidents", "--url", server.http_url, "show", "no-existe")

    assert result.exit_code == 1
    assert result.stderr == "Error: rechazado: No existe. (not_found)\n"


def test_a_malformed_filter_is_refused_with_the_allowed_values(server: Server) -> None:
    result = run("incidents", "--url", server.http_url, "--urgency", "muchísima")

    assert result.exit_code == 1
    assert "urgency: debe ser uno de: low, medium, high" in result.stderr


def test_a_refused_connection_ends_with_exit_code_1_and_says_how_to_start_the_server() -> None:
    result = run("incidents", "--url", f"http://127.0.0.1:{free_port()}")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "alerta-utec serve" in result.stderr
