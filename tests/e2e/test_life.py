"""An incident from report to resolution by people with different roles, over each wire."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.e2e.test_mail import mails_of, wait_mail
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, bearer, token
from tests.support.wsclient import WsClient


@dataclass
class Someone:
    """A person, signed in, who reports and acts over one wire and listens on a socket."""

    server: Server
    token: str
    socket: WsClient
    wire: str

    def report(self, **fields: Any) -> dict[str, Any]:
        """Report an incident and return the answer."""
        if self.wire == "websocket":
            return self.socket.notify(incident(**fields))
        return self._send("POST", "/incidents", incident(**fields))

    def update(self, name: str, **change: Any) -> dict[str, Any]:
        """Update an incident and return the answer."""
        if self.wire == "websocket":
            return self.socket.request({"action": "update", "incidentId": name, **change})
        return self._send("PATCH", f"/incidents/{name}", change)

    def sees(self, name: str) -> dict[str, Any]:
        """Return the incident with its history."""
        return self._send("GET", f"/incidents/{name}")

    def told(self, name: str, revision: int) -> dict[str, Any]:
        """Return the broadcast of the incident at that revision."""
        frame = self.socket.wait(
            lambda f: (
                f["type"] == "incident_update"
                and (f["incident"]["incidentId"], f["incident"]["revision"]) == (name, revision)
            )
        )
        return dict(frame["incident"])

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        answer = http_request(method, self.server.http_url + path, data, bearer(self.token))
        return dict(answer.json())


@dataclass
class Campus:
    """Three people with different roles on one server."""

    server: Server
    student: Someone
    staff: Someone
    boss: Someone


@pytest.fixture(params=["websocket", "http"])
def campus(request: pytest.FixtureRequest, serve: ServeFactory) -> Iterator[Campus]:
    """Yield a server with sign-in and three people who act over one of its wires."""
    server = serve(environment=WITH_SECRET)
    with ExitStack() as stack:

        def someone(role: str, sub: str) -> Someone:
            made = token(role, sub=sub)
            socket = stack.enter_context(WsClient(server.ws_url, headers=bearer(made)))
            return Someone(server, made, socket, request.param)

        people = [("estudiante", "ana"), ("personal", "luis"), ("autoridad", "rosa")]
        yield Campus(server, *(someone(role, sub) for role, sub in people))


def test_an_incident_goes_from_report_to_resolution_with_its_whole_history(
    campus: Campus,
) -> None:
    student, staff, boss = campus.student, campus.staff, campus.boss
    name = student.report(incidentId=str(uuid4()), type="fuga de agua")["incidentId"]

    answers = [
        staff.update(name, status="en_atencion", note="Voy para allá", revision=1),
        boss.update(name, urgency="high", note="Es junto al tablero eléctrico"),
        staff.update(name, status="resuelto", note="Cerrada la llave"),
        boss.update(name, status="pendiente", note="Sigue goteando"),
        staff.update(name, status="resuelto"),
    ]

    assert [answer["revision"] for answer in answers] == [2, 3, 4, 5, 6]
    for person in (student, staff, boss):
        states = [person.told(name, revision) for revision in range(1, 7)]
        assert [(s["status"], s["urgency"]) for s in states] == [
            ("pendiente", "low"),
            ("en_atencion", "low"),
            ("en_atencion", "high"),
            ("resuelto", "high"),
            ("pendiente", "high"),
            ("resuelto", "high"),
        ]
    seen, same = staff.sees(name), boss.sees(name)
    # The record of deliveries may lag behind.
    assert (seen["incident"], seen["history"]) == (same["incident"], same["history"])
    assert seen["incident"]["reportedBy"] == "ana"
    history = seen["history"]
    assert [entry["by"] for entry in history] == ["ana", "luis", "rosa", "luis", "rosa", "luis"]
    assert [entry.get("note") for entry in history] == [
        None,
        "Voy para allá",
        "Es junto al tablero eléctrico",
        "Cerrada la llave",
        "Sigue goteando",
        None,
    ]
    assert [entry["change"] for entry in history] == [
        {"status": [None, "pendiente"], "urgency": [None, "low"]},
        {"status": ["pendiente", "en_atencion"]},
        {"urgency": ["low", "high"]},
        {"status": ["en_atencion", "resuelto"]},
        {"status": ["resuelto", "pendiente"]},
        {"status": ["pendiente", "resuelto"]},
    ]
    nameless = [{k: v for k, v in entry.items() if k != "by"} for entry in history]
    assert student.sees(name)["history"] == nameless
    assert "reportedBy" not in student.sees(name)["incident"]


def test_each_role_is_refused_the_steps_that_it_does_not_have(campus: Campus) -> None:
    student, staff, boss = campus.student, campus.staff, campus.boss
    name = student.report()["incidentId"]

    refused = [
        student.update(name, status="resuelto"),
        staff.update(name, urgency="high"),
        staff.update(name, status="en_atencion", revision=7),
    ]
    staff.update(name, status="resuelto")
    refused += [staff.update(name, status="pendiente"), boss.update(name, status="en_atencion")]

    assert [answer["code"] for answer in refused] == [
        *("forbidden", "forbidden", "conflict", "forbidden", "invalid_transition"),
    ]
    assert len(boss.sees(name)["history"]) == 2


def test_the_alarm_and_the_all_clear_go_out_by_email(campus: Campus) -> None:
    student, staff, boss = campus.student, campus.staff, campus.boss
    name = student.report(type="humo", location="Cocina")["incidentId"]

    boss.update(name, urgency="medium")
    boss.update(name, urgency="low")
    staff.update(name, status="resuelto", note="Falsa alarma")

    messages = wait_mail(mails_of(campus.server), 2)
    assert sorted(str(message["Subject"]) for message in messages) == [
        "[Alerta UTEC] MEDIA: humo - Cocina",
        "[Alerta UTEC] RESUELTO: humo - Cocina",
    ]
    texts = [message.get_content() for message in messages]
    assert sum("Falsa alarma" in text for text in texts) == 1
    # An e-mail goes to people of every role: it has no names.
    assert not [text for text in texts if "ana" in text.split() or "luis" in text]


def test_the_whole_history_is_stored_across_a_restart(campus: Campus) -> None:
    name = campus.student.report()["incidentId"]
    campus.staff.update(name, status="resuelto", note="Listo")
    before = campus.boss.sees(name)

    campus.server.stop()
    campus.server.start()

    after = campus.boss.sees(name)
    assert (after["incident"], after["history"]) == (before["incident"], before["history"])


def test_me_returns_the_identity_and_permissions_of_the_token(campus: Campus) -> None:
    asked = http_request("GET", f"{campus.server.http_url}/me", None, bearer(campus.student.token))
    staff = http_request("GET", f"{campus.server.http_url}/me", None, bearer(campus.staff.token))

    assert asked.json()["role"] == "estudiante"
    assert asked.json()["may"] == ["report", "read", "follow"]
    assert "change_status" in staff.json()["may"]
    assert "reopen" not in staff.json()["may"]


def test_the_statistics_have_the_times_to_attend_and_resolve(campus: Campus) -> None:
    name = campus.student.report(location="Cocina")["incidentId"]
    campus.staff.update(name, status="en_atencion")
    campus.staff.update(name, status="resuelto")
    campus.student.report(location="Patio")

    answer = http_request(
        "GET", f"{campus.server.http_url}/stats", None, bearer(campus.student.token)
    )

    stats = answer.json()
    assert (stats["total"], stats["complete"]) == (2, True)
    assert stats["byStatus"] == {"pendiente": 1, "resuelto": 1}
    assert stats["byLocation"] == {"Cocina": 1, "Patio": 1}
    assert stats["toAttend"]["count"] == stats["toResolve"]["count"] == 1
    assert 0 <= stats["toAttend"]["median"] <= stats["toResolve"]["median"] < 60
