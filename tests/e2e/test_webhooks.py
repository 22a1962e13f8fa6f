"""Webhooks of the real server: who can manage them, and a receiver's whole story by commands."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.receiver import Received, Receiver, about
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, bearer, token
from tests.unit.cli.running import Process

NOWHERE = "https://panel.example.edu/alertas"
UNKNOWN = "01a20b7b-a999-7c10-a5a9-4c22b56ee3f0"
Command = Callable[..., list[str]]


def called(server: Server, route: str, webhook_id: str, **headers: str) -> int:
    """Call a route of webhooks and return the status of its response."""
    method, path = route.replace("{webhookId}", webhook_id).split(" ")
    body = json.dumps({"url": NOWHERE}).encode() if method in ("POST", "PATCH") else None
    return http_request(method, server.http_url + path, body, headers).status


@pytest.fixture
def kept(guarded: Server) -> Iterator[str]:
    """Yield the id of a webhook that ``autoridad`` has added."""
    made = token("autoridad")
    with AlertaUtec(guarded.http_url, token=made) as alerta:
        added = alerta.webhooks.add(NOWHERE, filter={"type": unique()})
        yield str(added["webhookId"])
        assert public(added) in alerta.webhooks.all()
        alerta.webhooks.remove(added["webhookId"])


def public(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook as later responses show it."""
    return {name: value for name, value in webhook.items() if name != "secret"}


@pytest.mark.parametrize("role", [None, "estudiante", "personal"])
@pytest.mark.parametrize("route", [route.key for route in WEBHOOK_ROUTES])
def test_only_autoridad_manages_webhooks(
    guarded: Server, kept: str, route: str, role: str | None
) -> None:
    headers = bearer(token(role)) if role else {}

    statuses = [called(guarded, route, one, **headers) for one in (kept, UNKNOWN)]

    assert statuses == [403 if role else 401] * 2


def test_me_shows_which_roles_manage_webhooks(guarded: Server) -> None:
    may = {
        role: http_request("GET", f"{guarded.http_url}/me", None, bearer(token(role))).json()["may"]
        for role in ("estudiante", "personal", "autoridad")
    }

    assert [role for role, actions in may.items() if "manage_webhooks" in actions] == ["autoridad"]


@pytest.fixture
def campus(serve: ServeFactory) -> Server:
    """A server with sign-in that may post to this machine."""
    return serve(options=("--webhook-allow-private",), environment=WITH_SECRET)


@pytest.fixture
def command(campus: Server) -> Command:
    """Return a function that runs ``alerta-utec webhooks`` as ``autoridad``, and its output."""
    environment = {
        "ALERTA_HTTP_URL": campus.http_url,
        "ALERTA_TOKEN": token("autoridad", sub="jefa"),
    }

    def give(*arguments: str, code: int = 0) -> list[str]:
        with Process("webhooks", *arguments, environment=environment) as process:
            ended = process.wait()
        assert ended == code, process.err
        return process.out if code == 0 else process.err

    return give


def report(server: Server, **fields: Any) -> str:
    """Report an incident as a student and return its id."""
    body = json.dumps(incident(**fields)).encode()
    answer = http_request("POST", f"{server.http_url}/incidents", body, bearer(token("estudiante")))
    return str(answer.json()["incidentId"])


def move(server: Server, name: str, **change: Any) -> None:
    """Update an incident as ``luis`` of the staff."""
    url, who = f"{server.http_url}/incidents/{name}", bearer(token("personal", sub="luis"))
    assert http_request("PATCH", url, json.dumps(change).encode(), who).status == 200


def test_a_receiver_is_added_tested_paused_and_retried_by_commands(
    campus: Server, command: Command, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        first, *details = command("add", receiver.url, "--urgency", "high,medium")
        webhook_id = first.split()[0]
        secret = details[-1].rpartition(" ")[2]
        assert command("test", webhook_id)[0].startswith("El receptor lo aceptó: HTTP 204")

        # It gets the changes that match, without personal names and with the drill's mark.
        name = report(campus, urgency="high", description="Huele a gas ☂", drill=True)
        report(campus, urgency="low")
        move(campus, name, status="en_atencion", note="Voy")
        created, updated = events(receiver.wait(about(name), count=2), secret)
        assert created["data"]["incident"]["drill"] is True
        assert updated["data"]["change"]["note"] == "Voy"
        assert b"rosa" not in b"".join(post.body for post in receiver.received)
        assert b"luis" not in b"".join(post.body for post in receiver.received)

        # A new secret signs beside the old one.
        new = command("rotate", webhook_id)[-1].rpartition(" ")[2]
        move(campus, name, status="resuelto")
        resolved = receiver.wait(about(name), count=3)[2].event(secret, new)
        assert resolved["type"].endswith(".resolved")

        # Changes during a pause are not sent later.
        command("pause", webhook_id)
        report(campus, urgency="high", type="en pausa")
        command("resume", webhook_id)

        # It answers 410, is resumed and gets what it missed.
        receiver.answers.append(410)
        missed = report(campus, urgency="high", type="perdido")
        receiver.wait(about(missed))
        eventually(
            lambda: command("failures", webhook_id),
            f"the failure of {missed} is listed",
            accept=lambda lines: any(missed in line for line in lines),
        )
        command("resume", webhook_id)
        assert command("retry", webhook_id) == ["1 cambio se enviará ahora."]
        again = receiver.wait(about(missed), count=2)
        assert {post.event(new)["id"] for post in again} == {again[0].headers["webhook-id"]}
        assert not [post for post in receiver.received if b"en pausa" in post.body]

        command("remove", webhook_id)
        assert command("test", webhook_id, code=1) == ["Error: rechazado: No existe. (not_found)"]
    for secret_of_it in (secret, new):
        assert secret_of_it not in campus.output


def events(posts: list[Received], secret: str) -> list[dict[str, Any]]:
    """Return the events of posts, all signed with one secret."""
    return [post.event(secret) for post in posts]


def test_no_spelling_of_a_private_address_is_posted_to(serve: ServeFactory) -> None:
    server = serve()
    with Receiver() as receiver, AlertaUtec(server.http_url) as alerta:
        port = receiver.url.rsplit(":", 1)[1]
        inside = [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")]
        added = [alerta.webhooks.add(url)["webhookId"] for url in inside]

        results = [alerta.webhooks.test(webhook_id) for webhook_id in added]

        assert [(one["ok"], one["reason"]) for one in results] == [(False, "private_address")] * 3
        assert receiver.received == []


def test_only_the_status_of_a_receivers_response_is_shown(campus: Server, command: Command) -> None:
    with Receiver([302]) as receiver:
        webhook_id = command("add", receiver.url)[0].split()[0]

        output = command("test", webhook_id, code=1)

    assert output == ["Error: el receptor no lo aceptó: HTTP 302."]
    assert len(receiver.received) == 1
