"""The mail URL of one machine: which server takes its e-mails, and how."""

import ipaddress
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from alerta_utec.notifications.local.smtp import SmtpServer, Tls
from alerta_utec.notifications.messages import settings_text

_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS: dict[str, Tls] = {"required": "required", "offered": "offered", "off": "off"}


def is_smtp(url: str) -> bool:
    """Tell whether the URL names a mail server, and no service of Apprise's."""
    return url.partition("://")[0].lower() in _PORTS


def smtp_server(url: str) -> SmtpServer:
    """Return the server that the URL names.

    ``smtp://[user:password@]host[:port][?starttls=required|offered|off]``: by default TLS is
    required if a password goes to another machine, and otherwise used if the server offers it.
    ``smtps://…``: TLS from the start.

    Raises:
        ValueError: the URL is not valid; the text, in Spanish, holds no password.
    """
    parts = _split(url)
    host = parts.hostname or ""
    user = unquote(parts.username) if parts.username else None
    return SmtpServer(
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        tls=_tls(parts, secret=user is not None and not _is_this_machine(host)),
        user=user,
        password=unquote(parts.password or ""),
    )


def _split(url: str) -> SplitResult:
    problem = settings_text("mail_url")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(problem) from None  # its own text can hold the password
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(problem)
    return parts


def _tls(parts: SplitResult, *, secret: bool) -> Tls:
    options = parse_qs(parts.query, keep_blank_values=True)
    wanted = options.pop("starttls", [""])[-1]
    if options or (wanted and (wanted not in _STARTTLS or parts.scheme == "smtps")):
        raise ValueError(settings_text("mail_options"))
    if parts.scheme == "smtps":
        return "implicit"
    if wanted:
        if secret and wanted != "required":
            raise ValueError(settings_text("mail_password"))
        return _STARTTLS[wanted]
    return "required" if secret else "offered"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
