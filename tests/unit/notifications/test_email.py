"""``compose``: an e-mail that any mail program shows, whatever is in the incident."""

import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.printable import safe
from alerta_utec.domain.values import Status
from alerta_utec.notifications.digest import compose_all
from alerta_utec.notifications.email import SUBJECT_MAX, compose
from alerta_utec.notifications.local.message import Envelope, to_message
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.style import MessageStyle
from tests.contract.builders import T0, creation, update
from tests.unit.domain.strategies import incidents

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
ENGLISH = MessageStyle(LIMA, "en")
HEADERS = sorted(
    [
        *("from", "to", "subject", "date", "message-id", "auto-submitted"),
        *("content-type", "content-transfer-encoding", "mime-version"),
    ]
)


def _email(**fields: Any) -> Email:
    return compose(creation(**({"urgency": "high", "incidentId": "i"} | fields)), STYLE)


@given(incidents())
def test_any_incident_has_a_subject_of_one_ascii_line_under_100(incident: Incident) -> None:
    subject = compose(Change(None, incident), STYLE).subject

    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) <= SUBJECT_MAX
    assert subject.startswith("[Alerta UTEC] ")


@given(incidents())
def test_no_incident_can_add_a_header(incident: Incident) -> None:
    email = compose(Change(None, incident), STYLE)

    content = bytes(to_message(email, Envelope("a@utec.example", "b@utec.example"), T0))

    message = message_from_bytes(content, policy=policy.default)
    assert sorted(name.lower() for name in message) == HEADERS
    assert message["Subject"] == email.subject
    assert message["Message-ID"] == email.message_id
    assert message["To"] == "b@utec.example"


@given(incidents())
def test_the_body_of_any_incident_has_all_its_fields(incident: Incident) -> None:
    body = compose(Change(None, incident), STYLE).body

    def shown(text: str) -> str:
        return safe(text.expandtabs(4), lines=True)

    for value in (incident.type, incident.location, incident.incident_id):
        assert safe(value) in body
    assert shown(incident.description) in body
    for name, value in incident.extras.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for line in re.split(r"\r?\n|\t", text):
            assert safe(line) in body
        assert f"  {safe(name)}: " in body


def test_header_injection_ends_in_the_subject() -> None:
    email = _email(type="a\r\nBcc: otra@utec.example", location="b\nSubject: otro")

    assert email.subject == "[Alerta UTEC] ALTA: a Bcc: otra@utec.example - b Subject: otro"


def test_accents_are_dropped_in_the_subject_and_kept_in_the_body() -> None:
    email = _email(type="Inundación", location="Patio ñandú 🌊")

    assert email.subject == "[Alerta UTEC] ALTA: Inundacion - Patio nandu ?"
    assert "Inundación" in email.body
    assert "Patio ñandú 🌊" in email.body


@pytest.mark.parametrize(("length", "cut"), [(66, False), (67, False), (68, True)])
def test_a_subject_is_cut_only_over_99_characters(length: int, cut: bool) -> None:
    start = len("[Alerta UTEC] ALTA: x - ")
    email = _email(type="x", location="y" * (SUBJECT_MAX - start + length - 67))

    assert len(email.subject) == min(SUBJECT_MAX, SUBJECT_MAX + length - 67)
    assert email.subject.endswith("...") == cut


def test_times_are_written_in_lima_time_and_utc() -> None:
    body = _email(timestamp="2025-11-16T02:30:05Z").body

    assert "15/11/2025 21:30:05 (America/Lima) = 2025-11-16 02:30:05 UTC" in body
    assert "16/11/2035 13:12:00 (America/Lima) = 2035-11-16 18:12:00 UTC" in body


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["America/Lima", "Pacific/Kiritimati"])
def test_the_first_and_last_times_can_be_written(timestamp: str, zone: str) -> None:
    email = compose(creation(timestamp=timestamp, urgency="high"), MessageStyle(ZoneInfo(zone)))

    assert "UTC" in email.body


def test_status_and_urgency_are_written_in_spanish() -> None:
    lines = [line.split(maxsplit=1) for line in _email(status="en_atencion").body.splitlines()]

    assert ["Urgencia:", "alta"] in lines
    assert ["Estado:", "en atención"] in lines


def test_an_email_says_when_there_is_no_description() -> None:
    assert "(sin descripción)" in _email(description="").body


def test_the_same_change_gives_the_same_email_and_another_revision_another_id() -> None:
    first = creation(urgency="high", incidentId="i")
    second = update(first.after, status=Status.RESUELTO)

    emails = [compose(change, STYLE) for change in (first, replace(first), second)]

    assert emails[0] == emails[1]
    assert len({email.message_id for email in emails}) == 2


def test_the_email_of_a_drill_begins_with_the_drill_mark() -> None:
    first = creation(urgency="high", drill=True).after
    resolved = Change(first, first.updated(at=first.updated_at, status=Status.RESUELTO))

    spanish, all_clear = (compose(change, STYLE) for change in (Change(None, first), resolved))
    english = compose(resolved, ENGLISH)

    assert spanish.subject == "[Alerta UTEC] SIMULACRO - ALTA: prueba - Laboratorio A"
    assert spanish.body.startswith("SIMULACRO: no es una emergencia real.\n\nAlerta UTEC: ")
    assert all_clear.subject == "[Alerta UTEC] SIMULACRO - RESUELTO: prueba - Laboratorio A"
    assert all_clear.body.startswith("SIMULACRO: ")
    assert english.subject == "[Alerta UTEC] DRILL - RESOLVED: prueba - Laboratorio A"
    assert english.body.startswith("DRILL: this is no real emergency.\n\nAlerta UTEC: ")


def test_an_email_about_a_real_incident_does_not_mention_drills() -> None:
    email = _email(drill=False)

    assert "SIMULACRO" not in email.subject + email.body


def test_an_email_can_be_in_english() -> None:
    email = compose(creation(urgency="high"), ENGLISH)

    assert email.subject == "[Alerta UTEC] HIGH: prueba - Laboratorio A"
    assert "there is an incident to attend to" in email.body
    assert "Urgency:       high" in email.body


def test_an_all_clear_says_so_with_its_note() -> None:
    first = creation(urgency="high").after
    resolved = Change(first, first.updated(at=first.updated_at, status=Status.RESUELTO), note="ya")

    email = compose(resolved, STYLE)

    assert email.subject == "[Alerta UTEC] RESUELTO: prueba - Laboratorio A"
    assert "el incidente está resuelto" in email.body
    assert "Nota:\nya\n" in email.body


@pytest.mark.parametrize(
    "text", ["=?utf-8?q?fuga=0D=0ABcc:_x@example.net?=", "=🔥utf-8?q?=0D=0ABcc:_x?=", "==??q?x?="]
)
def test_a_subject_has_no_encoded_words_which_can_hide_line_breaks(text: str) -> None:
    assert "=?" not in _email(type=text, location=text).subject


@pytest.mark.parametrize("letter", "\x1b\x00\r\x85\x9b\u202e\u2028\u2066")
def test_controls_in_extras_never_reach_the_text(letter: str) -> None:
    hostile = f"a{letter}[31mb"
    extras = {"sala": hostile, f"x{letter}y": 1, "lista": [hostile, {hostile: hostile}]}
    change = creation(description="uno\ndos\ttres", **extras)

    texts = [compose(change, STYLE).body, compose_all([change, change], STYLE).body]

    assert all(letter not in text for text in texts)
    assert "uno\ndos tres" in texts[0]


def test_a_line_break_in_an_extra_begins_no_field() -> None:
    change = creation(sala="A\nUrgencia: alta\r\nDescripción:")

    body = compose(change, STYLE).body

    assert "\n  sala: A\n    Urgencia: alta\n    Descripción:\n" in body


@pytest.mark.parametrize("panel", ["https://alerta.example.edu", "https://example.edu/a/alerta"])
def test_an_e_mail_links_to_the_incident_among_its_first_facts(panel: str) -> None:
    change = creation(urgency="high", description="x" * 4000, incidentId="a:1")

    lines = compose(change, MessageStyle(LIMA, panel_url=panel)).body.splitlines()

    (link,) = [line for line in lines if panel in line]
    assert link.endswith(f" {panel}/#i=a%3A1")
    assert lines.index(link) == lines.index(next(line for line in lines if "Estado:" in line)) + 1


def test_an_e_mail_has_no_link_where_the_panel_s_address_is_unknown() -> None:
    body = compose(creation(urgency="high"), STYLE).body

    assert "://" not in body
    assert "panel" not in body


def test_a_path_of_the_panel_that_some_channel_takes_for_markup_is_encoded() -> None:
    style = MessageStyle(LIMA, panel_url="https://example.edu/~alerta/@todos*(x)")

    assert style.panel_page == "https://example.edu/%7Ealerta/%40todos%2A%28x%29/"
