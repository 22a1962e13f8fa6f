"""Notices by the page's own routing file, over a real mail server and a service of Apprise's."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.notifications.rules_file import read_rules
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.mail_peers import HttpPeer, SmtpPeer
from tests.e2e.test_integrations_page import piece
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.cli.running import run

SECTION = "Reglas de notificación"
GUARD, LABS, DRILLS = (f"{name}@example.edu" for name in ("guardia", "laboratorios", "brigada"))
FIRE = {"type": "Incendio", "location": "Laboratorio B", "urgency": "medium"}


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    """Yield a mail server."""
    with SmtpPeer() as listening:
        yield listening


@pytest.fixture
def service() -> Iterator[HttpPeer]:
    """Yield a service that Apprise reaches."""
    with HttpPeer() as listening:
        yield listening


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    """The page's routing file, for every hour of every day."""
    text = piece(SECTION, "yaml")
    timeless = re.sub(r"^  (hours|days): .*\n", "", text, flags=re.MULTILINE)
    assert timeless != text
    path = tmp_path / "reglas.yml"
    path.write_text(timeless)
    return path


def environment(peer: SmtpPeer, routes: Path, group: str, **more: str) -> dict[str, str]:
    """Return the environment of a server with these rules."""
    return {
        "ALERTA_MAIL_URL": f"smtp://127.0.0.1:{peer.port}",
        "ALERTA_RULES": str(routes),
        "GRUPO_LABORATORIOS": group,
        **more,
    }


def of_email(server: Server, incident_id: str) -> dict[str, Any]:
    """Return the record of an incident's first e-mails."""
    shown = http_request("GET", f"{server.http_url}/incidents/{incident_id}").json()
    found: dict[str, Any] = next(
        (one for one in shown["deliveries"] if one["channel"] == "email"), {}
    )
    return found


# Apprise loads every plugin at once, and one of them a module that Python 3.11 deprecates.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_the_documented_file_is_valid_and_the_documented_command_names_the_recipients(
    tmp_path: Path,
) -> None:
    path = tmp_path / "reglas.yml"
    path.write_text(piece(SECTION, "yaml"))
    [check, test] = re.findall(r"^alerta-utec (rules .*)$", piece(SECTION, "sh"), re.MULTILINE)
    here = {"GRUPO_LABORATORIOS": "json://127.0.0.1:1/"}

    checked = run(*check.replace("reglas.yml", str(path)).split(), environment=here)
    words = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', test)]
    tested = run(*(w.replace("reglas.yml", str(path)) for w in words), environment=here)

    assert len(read_rules(path.read_text(), here)) == 3
    assert checked.stdout.endswith("Correcto: reglas, 3; destinatarios, 4.\n")
    assert tested.stdout.endswith(f"Lo reciben 2: env:GRUPO_LABORATORIOS, {LABS}\n")


def test_each_recipient_gets_what_the_rules_say(
    serve: ServeFactory, peer: SmtpPeer, service: HttpPeer, routes: Path
) -> None:
    group = f"json://127.0.0.1:{service.port}/"
    server = serve(environment=environment(peer, routes, group))

    with WsClient(server.ws_url) as client:
        fire = client.notify(FIRE)["incidentId"]
        leak = client.notify({"type": "fuga", "location": "Patio", "urgency": "high"})
        drill = client.notify({"type": "x", "location": "y", "urgency": "medium", "drill": True})
        nobody = client.notify({"type": "x", "location": "y", "urgency": "medium"})["incidentId"]
        client.request({"action": "update", "incidentId": fire, "status": "resuelto"})

    eventually(lambda: len(peer.messages) >= 4 and len(service.bodies) >= 2)
    found = sorted(
        (to, str(message["Subject"]).removeprefix("[Alerta UTEC] "))
        for [to], message in zip(peer.recipients, peer.messages, strict=True)
    )
    assert found == [
        (DRILLS, "SIMULACRO - MEDIA: x - y"),
        (GUARD, "ALTA: fuga - Patio"),
        (LABS, "MEDIA: Incendio - Laboratorio B"),
        (LABS, "RESUELTO: Incendio - Laboratorio B"),
    ]
    assert [body["title"] for body in service.bodies] == [
        "[Alerta UTEC] MEDIA: Incendio - Laboratorio B",
        "[Alerta UTEC] RESUELTO: Incendio - Laboratorio B",
    ]
    eventually(lambda: of_email(server, fire).get("result") == "sent")
    assert [one["to"] for one in of_email(server, fire)["recipients"]] == [
        "env:GRUPO_LABORATORIOS",
        LABS,
    ]
    assert [one["to"] for one in of_email(server, leak["incidentId"])["recipients"]] == [GUARD]
    assert [one["to"] for one in of_email(server, drill["incidentId"])["recipients"]] == [DRILLS]
    assert of_email(server, nobody)["because"] == "no_rule"


def test_a_notification_service_that_hangs_delays_no_other_recipient(
    serve: ServeFactory, peer: SmtpPeer, routes: Path
) -> None:
    with HttpPeer(status=500) as broken:
        group = f"json://127.0.0.1:{broken.port}/"
        server = serve(environment=environment(peer, routes, group))
        with WsClient(server.ws_url) as client:
            fire = client.notify(FIRE)["incidentId"]

        eventually(lambda: of_email(server, fire).get("counts") == {"failed": 1, "sent": 1})

    shown = of_email(server, fire)
    assert shown["result"] == "failed"
    failed, sent = shown["recipients"]
    assert (failed["to"], failed["because"]) == ("env:GRUPO_LABORATORIOS", "Apprise: not taken")
    assert (sent["to"], sent["result"]) == (LABS, "sent")
    assert "Traceback" not in server.output
    assert LABS not in server.output


def test_an_invalid_file_is_reported_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "reglas.yml"
    path.write_text("- {name: a, to: '+51999999999'}\n- {name: b, to: a@example.edu, si: no}\n")

    result = run("serve", "--port", "0", "--data", str(tmp_path / "d"), "--rules", str(path))

    assert result.exit_code == 1
    assert "Línea 1, «a»: to: +51999999999: una máquina no envía SMS" in result.stderr
    assert "Línea 2, la regla 2: «si» no es una clave" in result.stderr


def test_recipients_cannot_be_given_in_two_places(tmp_path: Path) -> None:
    arguments = ("--rules", str(tmp_path / "r.yml"), "--mail-to", "a@example.edu")

    result = run("serve", "--port", "0", *arguments)

    assert result.exit_code == 2
    assert "quite --mail-to" in result.stderr
