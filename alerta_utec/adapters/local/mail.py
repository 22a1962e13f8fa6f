"""Choosing where e-mail goes, by one URL."""

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from alerta_utec.adapters.local.maildir import MaildirMailer
from alerta_utec.adapters.local.message import Envelope
from alerta_utec.adapters.local.smtp import SmtpMailer, SmtpServer, Tls
from alerta_utec.ports import Mailer

_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")
_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS: dict[str, Tls] = {"required": "required", "offered": "offered", "off": "off"}


def mailer_for(url: str | None, sender: str, recipients: Sequence[str], maildir: Path) -> Mailer:
    """The mailer that ``url`` asks for; without one, a Maildir.

    ``smtp://[user:password@]host[:port][?starttls=required|offered|off]``: without
    ``starttls``, required where there is a password for another machine, else used where the
    server offers it. ``smtps://…``: TLS from the start. Anything else goes to Apprise.

    Raises:
        ValueError: the URL or an address is not usable; the text, in Spanish, says why and
            holds no password.
    """
    _check_addresses([sender, *recipients])
    envelope = Envelope(sender, tuple(recipients))
    if not url:
        return MaildirMailer(maildir, envelope)
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ValueError("La URL de correo debe empezar como smtp://, smtps:// u otra de Apprise.")
    if scheme.lower() in _PORTS:
        if not recipients:
            raise ValueError("Falta al menos un destinatario para el correo.")
        return SmtpMailer(_smtp_server(url), envelope)
    # Apprise takes a fifth of a second to import: only where it is used.
    from alerta_utec.adapters.local.apprise import AppriseMailer

    try:
        return AppriseMailer(url)
    except ValueError as error:
        raise ValueError(f"La URL de correo {scheme}://… no es una que Apprise conozca.") from error


def _check_addresses(addresses: Sequence[str]) -> None:
    for address in addresses:
        # Other scripts would need SMTPUTF8 of every server on the way (RFC 6531).
        if not (address.isascii() and address.isprintable() and _ADDRESS.fullmatch(address)):
            raise ValueError(f"«{address}» no es una dirección de correo.")


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
