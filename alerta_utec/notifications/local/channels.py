"""Choosing the ways by which notices go: one URL for e-mail, and Apprise's services."""

import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from alerta_utec.notifications.local.maildir import MaildirMailer
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.local.smtp import SmtpConnection, SmtpMailer, SmtpServer, Tls
from alerta_utec.notifications.mailer import Mailer
from alerta_utec.notifications.recipients import MAILDIR, Kind, Recipient
from alerta_utec.notifications.sender import Channel

_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS: dict[str, Tls] = {"required": "required", "offered": "offered", "off": "off"}


def recipients_of(url: str | None, addresses: Sequence[str]) -> tuple[Recipient, ...]:
    """Who gets everything where no rules say who gets what: ``--mail-to`` by ``--mail-url``.

    Raises:
        ValueError: nobody would, or an address or the URL is not usable; in Spanish.
    """
    if url and not _is_smtp(url):
        if "://" not in url:
            raise ValueError(
                "La URL de correo debe empezar como smtp://, smtps:// u otra de Apprise."
            )
        return (Recipient(Kind.APPRISE, url),)
    found = []
    for address in addresses:
        recipient = Recipient.of(address)
        if recipient is None or recipient.kind is not Kind.EMAIL:
            raise ValueError(f"«{address}» no es una dirección de correo.")
        found.append(recipient)
    if url and not found:
        raise ValueError("Falta al menos un destinatario para el correo.")
    return tuple(found) or (MAILDIR,)


def channels_for(
    url: str | None, sender: str, recipients: Iterable[Recipient], maildir: Path
) -> Sequence[Channel]:
    """The ways to these recipients: e-mail by ``url``, and each Apprise service by itself.

    ``smtp://[user:password@]host[:port][?starttls=required|offered|off]``: without
    ``starttls``, required where there is a password for another machine, else used where the
    server offers it. ``smtps://…``: TLS from the start. Without a URL, e-mail goes to the
    ``maildir``.

    Raises:
        ValueError: a URL or the sender's address is not usable; the text, in Spanish, says why
            and holds no password.
    """
    origin = Recipient.of(sender)
    if origin is None or origin.kind is not Kind.EMAIL:
        raise ValueError(f"«{sender}» no es una dirección de correo.")
    channels, written = [], []
    for recipient in recipients:
        if recipient.kind is Kind.APPRISE:
            channels.append(Channel({recipient.key: _apprise(recipient.address)}))
        elif recipient.kind is Kind.PHONE:
            raise ValueError(f"{recipient.shown}: una máquina no envía SMS.")
        else:
            written.append(recipient)
    return [*([_email(url, sender, written, maildir)] if written else []), *channels]


def _email(url: str | None, sender: str, recipients: Sequence[Recipient], maildir: Path) -> Channel:
    envelopes = {
        one.key: Envelope(sender, one.address if one.kind is Kind.EMAIL else "")
        for one in recipients
    }
    if not url:
        return Channel({key: MaildirMailer(maildir, own) for key, own in envelopes.items()})
    if not _is_smtp(url):
        raise ValueError(
            "Las rutas tienen direcciones de correo, y la URL de correo no es smtp:// ni smtps://."
        )
    connection = SmtpConnection(_smtp_server(url))
    mailers = {key: SmtpMailer(connection, own) for key, own in envelopes.items()}
    return Channel(mailers, connection)


def _apprise(url: str) -> Mailer:
    # Apprise takes a fifth of a second to import: only where it is used.
    from alerta_utec.notifications.local.apprise import AppriseMailer

    try:
        return AppriseMailer(url)
    except ValueError as error:
        scheme = url.partition("://")[0]
        raise ValueError(f"La URL de correo {scheme}://… no es una que Apprise conozca.") from error


def _is_smtp(url: str) -> bool:
    return url.partition("://")[0].lower() in _PORTS


def _smtp_server(url: str) -> SmtpServer:
    parts = _split(url)
    host = parts.hostname or ""
    user = unquote(parts.username) if parts.username else None
    return SmtpServer(
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        tls=_tls(parts, secret=user is not None and not _is_here(host)),
        user=user,
        password=unquote(parts.password or ""),
    )


def _split(url: str) -> SplitResult:
    problem = "La URL de correo debe ser como smtp://usuario:clave@servidor:587."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(problem) from None  # what it says may hold the password
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(problem)
    return parts


def _tls(parts: SplitResult, *, secret: bool) -> Tls:
    options = parse_qs(parts.query, keep_blank_values=True)
    wanted = options.pop("starttls", [""])[-1]
    if options or (wanted and (wanted not in _STARTTLS or parts.scheme == "smtps")):
        raise ValueError("La única opción de una URL smtp:// es starttls=required, offered u off.")
    if parts.scheme == "smtps":
        return "implicit"
    if wanted:
        if secret and wanted != "required":
            raise ValueError("Con usuario y clave, starttls debe ser required.")
        return _STARTTLS[wanted]
    return "required" if secret else "offered"


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
