"""The channels of one machine: the way of each recipient's notifications."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from alerta_utec.notifications.local.mail_url import is_smtp, smtp_server
from alerta_utec.notifications.local.maildir import MaildirMailer
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.local.smtp import SmtpConnection, SmtpMailer
from alerta_utec.notifications.mailer import Mailer
from alerta_utec.notifications.messages import settings_text
from alerta_utec.notifications.recipients import MAILDIR, Kind, Recipient
from alerta_utec.notifications.sender import NotificationChannel


def recipients_of(url: str | None, addresses: Sequence[str]) -> tuple[Recipient, ...]:
    """Return the recipients of everything if there are no rules: ``--mail-to`` by ``--mail-url``.

    Raises:
        ValueError: there is no recipient, or an address or the URL is not valid; in Spanish.
    """
    if url and not is_smtp(url):
        if "://" not in url:
            raise ValueError(settings_text("mail_scheme"))
        return (Recipient(Kind.APPRISE, url),)
    found = tuple(map(_address, addresses))
    if url and not found:
        raise ValueError(settings_text("mail_recipients"))
    return found or (MAILDIR,)


def channels_for(
    url: str | None, sender: str, recipients: Iterable[Recipient], maildir: Path
) -> Sequence[NotificationChannel]:
    """Return the channels to these recipients: one for e-mail, and one for each Apprise service.

    E-mail goes to the server of ``url`` (see ``smtp_server``), or without one to the ``maildir``.

    Raises:
        ValueError: a URL or the sender's address is not valid; the text, in Spanish, holds no
            password.
    """
    _address(sender)
    services, written = [], []
    for recipient in recipients:
        if recipient.kind is Kind.APPRISE:
            services.append(NotificationChannel({recipient.key: _apprise(recipient.address)}))
        elif recipient.kind is Kind.PHONE:
            raise ValueError(settings_text("mail_phone", recipient=recipient.shown))
        else:
            written.append(recipient)
    return [*([_email(url, sender, written, maildir)] if written else []), *services]


def _address(written: str) -> Recipient:
    recipient = Recipient.of(written)
    if recipient is None or recipient.kind is not Kind.EMAIL:
        raise ValueError(settings_text("mail_address", address=written))
    return recipient


def _email(
    url: str | None, sender: str, recipients: Sequence[Recipient], maildir: Path
) -> NotificationChannel:
    envelopes = {
        one.key: Envelope(sender, one.address if one.kind is Kind.EMAIL else "")
        for one in recipients
    }
    if not url:
        return NotificationChannel(
            {key: MaildirMailer(maildir, own) for key, own in envelopes.items()}
        )
    if not is_smtp(url):
        raise ValueError(settings_text("mail_not_smtp"))
    connection = SmtpConnection(smtp_server(url))
    mailers = {key: SmtpMailer(connection, own) for key, own in envelopes.items()}
    return NotificationChannel(mailers, connection)


def _apprise(url: str) -> Mailer:
    # Apprise takes a fifth of a second to import: only where it is used.
    from alerta_utec.notifications.local.apprise import AppriseMailer

    try:
        return AppriseMailer(url)
    except ValueError as error:
        scheme = url.partition("://")[0]
        raise ValueError(settings_text("mail_service", scheme=scheme)) from error
