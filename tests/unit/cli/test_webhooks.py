"""``alerta-utec webhooks`` against the real server."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec
from tests.support.emulator import free_port
from tests.support.eventually import eventually
from tests.support.incidents import unique
from tests.support.receiver import PATIENCE_S, Receiver
from tests.support.server import Server
from tests.unit.cli.running import json_lines, run

Command = Callable[..., str]
NOWHERE = "https://panel.example.edu/alertas"
SECRET = "whsec_dW5hIGNsYXZlIGRlIHBydWViYSwgZGUgMzIgYnl0ZXM="


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the server, which has no webhooks before and after the test."""
    with AlertaUtec(server.http_url) as client:
        yield client
        for webhook in client.webhooks.all():
            client.webhooks.remove(webhook["webhookId"])


@pytest.fixture
def output_of(server: Server, alerta: AlertaUtec) -> Command:
    """Runs a command that must succeed and returns its output."""

    def call(*arguments: str, **options: Any) -> str:
        result = run("webhooks", *arguments, "--url", server.http_url, **options)
        assert result.exit_code == 0, result.output
        return str(result.output)

    return call


@pytest.fixture
def webhook_id(alerta: AlertaUtec) -> str:
    """A webhook whose filter matches no incident of the tests."""
    added = alerta.webhooks.add(NOWHERE, filter={"type": unique()})
    return str(added["webhookId"])


def test_an_empty_list_of_webhooks_is_reported(output_of: Command) -> None:
    assert output_of("list") == "No hay webhooks.\n"
    assert output_of("list", "--json") == ""


def test_an_added_webhook_is_shown_with_its_secret_and_listed_without(
    output_of: Command, alerta: AlertaUtec
) -> None:
    chosen = ("--urgency", "high,medium", "--location", "Patio, 2", "--location", "Sótano")

    added = output_of("add", NOWHERE, *chosen, "--description", "El panel")

    (stored,) = alerta.webhooks.all()
    assert stored["filter"] == {"urgency": ["high", "medium"], "location": ["patio, 2", "sótano"]}
    first, *details = added.splitlines()
    assert first == f"{stored['webhookId']}  activo  {NOWHERE}"
    assert "  oye: urgency=high, medium; location=patio, 2, sótano" in details
    assert "  para: El panel" in details
    assert re.search(r"^  secreto, que no se mostrará más: whsec_\S{44}$", added, re.MULTILINE)
    without_secret = [line for line in added.splitlines() if "whsec" not in line]
    assert output_of("list").splitlines() == without_secret


def test_the_secret_can_come_from_the_environment(output_of: Command) -> None:
    environment = {"ALERTA_WEBHOOK_SECRET": SECRET}

    (added,) = json_lines(output_of("add", NOWHERE, "--json", environment=environment))

    assert added["secret"] == SECRET


def test_the_format_is_chosen_shown_and_changed(output_of: Command, alerta: AlertaUtec) -> None:
    (added,) = json_lines(output_of("add", NOWHERE, "--format", "cloudevents", "--json"))
    listed = output_of("list")

    changed = output_of("change", added["webhookId"], "--format", "json")

    assert added["format"] == "cloudevents"
    assert "  formato: cloudevents" in listed.splitlines()
    assert "formato" not in changed
    assert alerta.webhooks.get(added["webhookId"])["format"] == "json"


def test_change_sets_the_given_fields_only(
    output_of: Command, webhook_id: str, alerta: AlertaUtec
) -> None:
    output_of("change", webhook_id, "--to", f"{NOWHERE}/2", "--description", "Otro")
    output_of("change", webhook_id, "--urgency", "high", "--type", "humo")

    stored = alerta.webhooks.get(webhook_id)
    assert (stored["url"], stored["description"]) == (f"{NOWHERE}/2", "Otro")
    assert stored["filter"] == {"urgency": ["high"], "type": ["humo"]}
    assert "oye: todo" in output_of("change", webhook_id, "--urgency", "")


def test_change_without_options_is_refused(server: Server) -> None:
    result = run("webhooks", "change", "x", "--url", server.http_url)

    assert result.exit_code == 2
    assert "falta qué cambiar" in result.stderr


def test_retry_sends_nothing_if_every_event_was_delivered(
    output_of: Command, webhook_id: str
) -> None:
    assert output_of("failures", webhook_id) == "Nada ha quedado sin entregar.\n"
    assert output_of("retry", webhook_id) == "0 cambios se enviarán ahora.\n"


def test_a_webhook_is_paused_resumed_and_removed(output_of: Command, webhook_id: str) -> None:
    assert "en pausa" in output_of("pause", webhook_id)
    assert "activo" in output_of("resume", webhook_id)
    assert output_of("remove", webhook_id) == "Eliminado.\n"
    assert output_of("list") == "No hay webhooks.\n"


def test_rotate_shows_the_new_secret_and_until_when_the_old_one_signs(
    output_of: Command, webhook_id: str
) -> None:
    rotated = output_of("rotate", webhook_id, "--secret", SECRET)

    assert f"  secreto, que no se mostrará más: {SECRET}" in rotated.splitlines()
    assert re.search(r"^  el secreto anterior firma hasta: 20\d\d-", rotated, re.MULTILINE)


def test_the_test_command_shows_the_answer_of_the_receiver(
    output_of: Command, server: Server, alerta: AlertaUtec
) -> None:
    with Receiver([204, 500]) as receiver:
        webhook_id = alerta.webhooks.add(receiver.url, filter={"type": unique()})["webhookId"]

        taken = output_of("test", webhook_id)
        refused = run("webhooks", "test", webhook_id, "--url", server.http_url)

    assert re.fullmatch(r"El receptor lo aceptó: HTTP 204, en \d+ ms\.\n", taken)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "Error: el receptor no lo aceptó: HTTP 500.\n"


def test_the_test_command_reports_an_unreachable_receiver_as_text_and_as_json(
    server: Server, alerta: AlertaUtec
) -> None:
    unreachable = f"http://127.0.0.1:{free_port()}/"
    webhook_id = alerta.webhooks.add(unreachable, filter={"type": unique()})["webhookId"]

    result = run("webhooks", "test", webhook_id, "--json", "--url", server.http_url)

    (attempt,) = json_lines(result.stdout)
    assert (result.exit_code, attempt["ok"], attempt["because"]) == (1, False, "unreachable")
    assert result.stderr == "Error: el receptor no lo aceptó: no se puede conectar.\n"


def test_undelivered_events_are_listed_and_sent_again(
    output_of: Command, alerta: AlertaUtec
) -> None:
    kind = unique("Humo")
    with Receiver([410]) as receiver:
        webhook_id = alerta.webhooks.add(receiver.url, filter={"type": kind})["webhookId"]
        name = alerta.notify(type=kind, location="Patio", urgency="low").incident_id
        receiver.wait()
        failed = eventually(
            lambda: output_of("failures", webhook_id, "--json"),
            "a failure is listed",
            accept=lambda text: text.startswith("{"),
            within_s=PATIENCE_S,
        )
        failures = output_of("failures", webhook_id)
        listed = output_of("list")
        output_of("resume", webhook_id)

        again = output_of("retry", webhook_id)
        receiver.wait(count=2)

    assert json_lines(failed)[0]["incidentId"] == name
    assert re.fullmatch(rf"20\d\d-\S+ \S+  {name} r1  1 intento: HTTP 410\n", failures)
    assert "retirado: el receptor respondió 410" in listed
    assert again == "1 cambio se enviará ahora.\n"


@pytest.mark.parametrize(
    "arguments",
    [("remove",), ("change", "--to", NOWHERE), ("pause",), ("failures",), ("test",)],
    ids=" ".join,
)
def test_an_unknown_webhook_is_refused(server: Server, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments

    result = run("webhooks", command, unique(), *rest, "--url", server.http_url)

    assert result.exit_code == 1
    assert result.stderr == "Error: rechazado: No existe. (not_found)\n"


def test_every_problem_of_a_webhook_is_listed(server: Server) -> None:
    arguments = ("--urgency", "mucha", "--secret", "corto", "--url", server.http_url)

    result = run("webhooks", "add", NOWHERE, *arguments)

    assert result.exit_code == 1
    error, *problems = result.stderr.splitlines()
    assert error.startswith("Error: rechazado: ")
    assert [problem.split(":")[0].strip() for problem in problems] == ["filter.urgency", "secret"]


def test_a_url_of_another_scheme_is_refused(server: Server) -> None:
    result = run("webhooks", "add", "ftp://panel.example.edu", "--url", server.http_url)

    assert result.exit_code == 2
    assert "debe empezar por http:// o https://" in result.stderr


def test_a_refused_connection_is_reported_without_a_retry() -> None:
    result = run("webhooks", "list", "--url", f"http://127.0.0.1:{free_port()}")

    assert result.exit_code == 1
    assert "no hay conexión" in result.stderr
    assert "alerta-utec serve" in result.stderr


def test_control_characters_in_a_webhook_are_escaped(
    output_of: Command, alerta: AlertaUtec
) -> None:
    alerta.webhooks.add(NOWHERE, description="\x1b[2J\u202e", filter={"type": "\x1b[2J"})

    listed = output_of("list")

    assert "\x1b" not in listed
    assert "\u202e" not in listed
    assert r"\u202e" in listed
