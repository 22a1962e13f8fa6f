"""The message of an e-mail: its headers hold exactly the e-mail's own fields."""

from email import message_from_bytes, policy

import pytest

from alerta_utec.notifications.local.message import Envelope, to_message
from alerta_utec.notifications.mailer import Email
from tests.contract.builders import T0

RECIPIENT = f"{'g' * 64}@{'example' * 20}.edu"
# RFC 5322, section 2.1.1, without the line's end.
LINE_MAX = 998


@pytest.mark.parametrize("length", [23, 24, 43, 44, 60, 72])
def test_a_subject_of_any_length_arrives_as_it_is(length: int) -> None:
    subject = f"[Alerta UTEC] BAJA: {'0' * length} - 0000000"[:99]
    email = Email("<x@alerta-utec>", subject, "texto\n")

    content = bytes(to_message(email, Envelope("a@example.edu", RECIPIENT), T0))

    message = message_from_bytes(content, policy=policy.default)
    assert message["Subject"] == subject
    assert message["To"] == RECIPIENT
    assert max(map(len, content.split(b"\r\n"))) <= LINE_MAX


def test_the_longest_subject_without_a_space_arrives_as_it_is() -> None:
    subject = "[Alerta UTEC] BAJA: 00000000000000000000000 - 000000000000000000000000"

    content = bytes(to_message(Email("<x@y>", subject, ""), Envelope("a@example.edu"), T0))

    assert f"\r\nSubject: {subject}\r\n".encode() in content
