"""The message of an e-mail, as it is sent (RFC 5322)."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from alerta_utec.notifications.mailer import Email

# Wide enough for any subject: folding could add a space to its beginning.
_POLICY = SMTP.clone(max_line_length=200)
# RFC 2045, section 6.7: encoded lines have 76 characters at most.
_BODY_POLICY = SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and recipient; an empty ``recipient`` leaves the recipients unnamed."""

    sender: str
    recipient: str = ""


def to_message(email: Email, envelope: Envelope, at: datetime) -> EmailMessage:
    """Return the message with its headers and its body in UTF-8."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = envelope.sender
    message["To"] = envelope.recipient or "undisclosed-recipients:;"
    message["Subject"] = email.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = email.message_id
    # RFC 3834, section 5: prevents out-of-office replies.
    message["Auto-Submitted"] = "auto-generated"
    # Seven bits, since not every server accepts eight.
    body = EmailMessage(policy=_BODY_POLICY)
    body.set_content(email.body, cte="quoted-printable")
    for name, value in body.items():
        if name.lower() != "mime-version":
            message[name] = value
    message["MIME-Version"] = "1.0"
    message.set_payload(body.get_payload())
    return message
