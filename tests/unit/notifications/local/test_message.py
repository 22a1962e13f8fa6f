"""The message of an e-mail: its headers hold exactly the e-mail's own fields."""

from email import message_from_bytes, policy

import pytest

from alerta_utec.notifications.local.message import Envelope, to_message
from alerta_utec.notifications.mailer import Email
from tests.contract.builders import T0

RECIPIENT = f"{'g' * 64}@{'example' * 20}.edu"
# RFC 5322, section 2.1.1, without the line's end.
LINE_MAX = 998
# RFC 2045, section 6.7.
ENCODED_LINE_MAX = 76


@pytest.mark.parametrize("length", [23, 24, 43, 44, 60, 72])
def test_a_subject_of_any_length_arrives_as_it_is(length: int) -> None:
    subject = f"[Alerta UTEC] BAJA: {'0' * length} - 0000000"[:99]
    email = Email("<x@alerta-utec>", subject, "texto\n")

    content = bytes(to_message(email, Envelope("a@example.edu", RECIPIENT), T0))

    message = message_from_bytes(content, policy=policy.default)
    assert message["Subject"] == subject
    assert message["To"] == RECIPIENT
    assert max(map(len, content.split(b"\r\n"))) <= LINE_MAX


@pytest.mark.parametrize(
    "text",
    [
        "á" * 300,
        "\n".join(["á" * 300, "x" * 4000, ". ", "", "From x", " " * 100 + "=" * 100]),
        "😀" * 1000 + "\u202e" + "a " * 500,
    ],
)
def test_encoded_lines_have_76_characters_at_most(text: str) -> None:
    content = bytes(to_message(Email("<x@y>", "Asunto", text), Envelope("a@example.edu"), T0))

    message = message_from_bytes(content, policy=policy.default)
    _, _, body = content.partition(b"\r\n\r\n")
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == text
    assert max(map(len, body.split(b"\r\n"))) <= ENCODED_LINE_MAX
    assert content.count(b"MIME-Version") == 1
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_longest_subject_without_a_space_arrives_as_it_is() -> None:
    subject = "[Alerta UTEC] BAJA: 00000000000000000000000 - 000000000000000000000000"

    content = bytes(to_message(Email("<x@y>", subject, ""), Envelope("a@example.edu"), T0))

    assert f"\r\nSubject: {subject}\r\n".encode() in content
