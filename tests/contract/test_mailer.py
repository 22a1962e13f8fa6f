"""``Mailer``: an e-mail arrives as sent, and a failure is ``Unavailable``."""

from typing import Any

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.mailer import Email
from tests.contract.mail_peers import without_attributes

EMAIL = Email(
    "<0123456789abcdef.1@alerta-utec>",
    "[Alerta UTEC] ALTA: inundacion - Laboratorio A",
    "Alerta UTEC: hay un incidente.\n\nTipo:  inundación 🌊\n.punto al inicio\nFrom aquí\n",
    {"urgency": "high", "type": "inundación", "location": "Laboratorio A"},
)


def test_an_email_arrives_as_it_was_sent(mailing: Any) -> None:
    mailing.mailer.send(EMAIL)

    (arrived,) = mailing.arrived()
    assert arrived.subject == EMAIL.subject
    assert arrived.body == EMAIL.body
    assert arrived.message_id in ("", EMAIL.message_id)


def test_several_emails_arrive_each_once(mailing: Any) -> None:
    emails = [Email(f"<{n}.1@alerta-utec>", f"Asunto {n}", f"Cuerpo {n}\n") for n in range(5)]

    for email in emails:
        mailing.mailer.send(email)

    assert sorted(e.subject for e in mailing.arrived()) == [e.subject for e in emails]


@pytest.mark.parametrize("length", [98, 99])
def test_a_subject_of_99_characters_stays_one_line(mailing: Any, length: int) -> None:
    email = Email("<a.1@alerta-utec>", ("palabra " * 20)[: length - 1] + "x", "Cuerpo\n")

    mailing.mailer.send(email)

    assert [e.subject for e in mailing.arrived()] == [email.subject]


def test_a_long_body_arrives_whole(mailing: Any) -> None:
    body = "línea de texto bastante larga, " * 400 + "\n" + "x" * 4000 + "\n\n🎓 fin\n"

    mailing.mailer.send(Email("<a.1@alerta-utec>", "Asunto", body))

    assert [e.body for e in mailing.arrived()] == [body]


def test_an_unreachable_next_hop_is_unavailable(mailing: Any) -> None:
    with pytest.raises(Unavailable):
        mailing.unreachable.send(without_attributes(EMAIL))
