"""``alerta-utec webhooks`` against the real server."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec
from tests.support.emulator import free_port
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
def told(server: Server, alerta: AlertaUtec) -> Command:
    """What a command tells, which must succeed."""

    def call(*arguments: str, **options: Any) -> str:
        result = run("webhooks", *arguments, "--url", server.http_url, **options)
        assert result.exit_code == 0, result.output
        return str(result.output)

    return call


@pytest.fixture
def webhook_id(alerta: AlertaUtec) -> str:
    """A webhook that hears of nothing."""
    added = alerta.webhooks.add(NOWHERE, filter={"type": unique()})
    return str(added["webhookId"])


def test_no_webhooks_are_told_as_that(told: Command) -> None:
    assert told("list") == "No hay webhooks.\n"
    assert told("list", "--json") == ""


def test_what_is_added_is_told_with_its_secret_and_listed_without(
    told: Command, alerta: AlertaUtec
) -> None:
    chosen = ("--urgency", "high,medium", "--location", "Patio, 2", "--location", "Sótano")

    added = told("add", NOWHERE, *chosen, "--description", "El panel")

    (kept,) = alerta.webhooks.all()
    assert kept["filter"] == {"urgency": ["high", "medium"], "location": ["patio, 2", "sótano"]}
    first, *details = added.splitlines()
    assert first == f"{kept['webhookId']}  activo  {NOWHERE}"
    assert "  oye: urgency=high, medium; location=patio, 2, sótano" in details
    assert "  para: El panel" in details
    assert re.search(r"^  secreto, que no se mostrará más: whsec_\S{44}$", added, re.MULTILINE)
    assert told("list").splitlines() == [line for line in added.splitlines() if "whsec" not in line]


def test_a_secret_of_ones_own_may_come_from_the_environment(told: Command) -> None:
    environment = {"ALERTA_WEBHOOK_SECRET": SECRET}

    (added,) = json_lines(told("add", NOWHERE, "--json", environment=environment))

    assert added["secret"] == SECRET


def test_what_is_named_is_changed(told: Command, webhook_id: str, alerta: AlertaUtec) -> None:
    told("change", webhook_id, "--to", f"{NOWHERE}/2", "--description", "Otro")
    told("change", webhook_id, "--urgency", "high", "--type", "humo")

    kept = alerta.webhooks.get(webhook_id)
    assert (kept["url"], kept["description"]) == (f"{NOWHERE}/2", "Otro")
    assert kept["filter"] == {"urgency": ["high"], "type": ["humo"]}
    assert "oye: todo" in told("change", webhook_id, "--urgency", "")


def test_a_change_of_nothing_is_a_mistake(server: Server) -> None:
    result = run("webhooks", "change", "x", "--url", server.http_url)

    assert result.exit_code == 2
    assert "falta qué cambiar" in result.stderr


def test_where_all_has_been_delivered_there_is_nothing_to_send(
    told: Command, webhook_id: str
) -> None:
    assert told("failures", webhook_id) == "Nada ha quedado sin entregar.\n"
    assert told("retry", webhook_id) == "0 cambios se enviarán ahora.\n"


def test_a_webhook_rests_goes_on_and_is_removed(told: Command, webhook_id: str) -> None:
    assert "en pausa" in told("pause", webhook_id)
    assert "activo" in told("resume", webhook_id)
    assert told("remove", webhook_id) == "Eliminado.\n"
    assert told("list") == "No hay webhooks.\n"


def test_a_rotation_tells_the_new_secret_and_until_when_the_old_one_signs(
    told: Command, webhook_id: str
) -> None:
    rotated = told("rotate", webhook_id, "--secret", SECRET)

    assert f"  secreto, que no se mostrará más: {SECRET}" in rotated.splitlines()
    assert re.search(r"^  el secreto anterior firma hasta: 20\d\d-", rotated, re.MULTILINE)


def test_a_test_tells_what_the_receiver_answered(
    told: Command, server: Server, alerta: AlertaUtec
) -> None:
    with Receiver([204, 500]) as receiver:
        webhook_id = alerta.webhooks.add(receiver.url, filter={"type": unique()})["webhookId"]

        taken = told("test", webhook_id)
        refused = run("webhooks", "test", webhook_id, "--url", server.http_url)

    assert re.fullmatch(r"El receptor lo aceptó: HTTP 204, en \d+ ms\.\n", taken)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "Error: el receptor no lo aceptó: HTTP 500.\n"


def test_a_test_of_nobody_says_so_in_words_and_in_json(server: Server, alerta: AlertaUtec) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    webhook_id = alerta.webhooks.add(nobody, filter={"type": unique()})["webhookId"]

    result = run("webhooks", "test", webhook_id, "--json", "--url", server.http_url)

    (tried,) = json_lines(result.stdout)
    assert (result.exit_code, tried["ok"], tried["because"]) == (1, False, "unreachable")
    assert result.stderr == "Error: el receptor no lo aceptó: no se puede conectar.\n"


def test_what_was_not_delivered_is_listed_and_sent_again(told: Command, alerta: AlertaUtec) -> None:
    kind = unique("Humo")
    with Receiver([410]) as receiver:
        webhook_id = alerta.webhooks.add(receiver.url, filter={"type": kind})["webhookId"]
        name = alerta.notify(type=kind, location="Patio", urgency="low").incident_id
        receiver.wait()
        deadline = time.monotonic() + PATIENCE_S
        while not (failed := told("failures", webhook_id, "--json")).startswith("{"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        failures = told("failures", webhook_id)
        listed = told("list")
        told("resume", webhook_id)

        again = told("retry", webhook_id)
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
def test_a_webhook_that_there_is_not_is_refused(server: Server, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments

    result = run("webhooks", command, unique(), *rest, "--url", server.http_url)

    assert result.exit_code == 1
    assert result.stderr == "Error: rechazado: No existe. (not_found)\n"


def test_every_problem_of_a_webhook_is_told(server: Server) -> None:
    arguments = ("--urgency", "mucha", "--secret", "corto", "--url", server.http_url)

    result = run("webhooks", "add", NOWHERE, *arguments)

    assert result.exit_code == 1
    error, *problems = result.stderr.splitlines()
    assert error.startswith("Error: rechazado: ")
    assert [problem.split(":")[0].strip() for problem in problems] == ["filter.urgency", "secret"]


def test_an_address_that_is_none_is_a_mistake(server: Server) -> None:
    result = run("webhooks", "add", "ftp://panel.example.edu", "--url", server.http_url)

    assert result.exit_code == 2
    assert "debe empezar por http:// o https://" in result.stderr


def test_nobody_there_is_told_at_once() -> None:
    result = run("webhooks", "list", "--url", f"http://127.0.0.1:{free_port()}")

    assert result.exit_code == 1
    assert "no hay conexión" in result.stderr
    assert "alerta-utec serve" in result.stderr


def test_the_terminal_obeys_nothing_that_a_webhook_says(told: Command, alerta: AlertaUtec) -> None:
    alerta.webhooks.add(NOWHERE, description="\x1b[2J\u202e", filter={"type": "\x1b[2J"})

    listed = told("list")

    assert "\x1b" not in listed
    assert "\u202e" not in listed
    assert r"\u202e" in listed
