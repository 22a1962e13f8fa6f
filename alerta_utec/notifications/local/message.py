"""An e-mail as the message that goes over the wire (RFC 5322)."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from alerta_utec.notifications.mailer import Email

# Wide enough for any subject: folding one may put a space before it, which is then part of it.
_POLICY = SMTP.clone(max_line_length=200)


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom, and to whom; an empty ``recipient`` is nobody by name."""

    sender: str
    recipient: str = ""


def to_message(email: Email, envelope: Envelope, at: datetime) -> EmailMessage:
    """The message with its headers; the body in UTF-8."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = envelope.sender
    message["To"] = envelope.recipient or "undisclosed-recipients:;"
    message["Subject"] = email.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = email.message_id
    # RFC 3834, section 5: keeps out-of-office answers away.
    message["Auto-Submitted"] = "auto-generated"
    # Seven bits, since not every server takes eight.
    message.set_content(email.body, cte="quoted-printable")
    return message
