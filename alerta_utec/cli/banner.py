"""The text that ``serve`` prints when the service is ready."""

from urllib.parse import urlsplit

from alerta_utec.deployments.local.settings import LocalSettings


def banner(settings: LocalSettings, http_url: str, ws_url: str) -> str:
    """Return the service's addresses, a way to try it, and where incidents and e-mails go."""
    stored = "en una carpeta temporal: se pierden al terminar (--ephemeral)"
    if not settings.ephemeral:
        stored = str(settings.data.resolve() / "alerta.db")
    lines = [
        "Alerta UTEC Realtime está en marcha.",
        "",
        *([f"  Público     {settings.public_url}/"] if settings.public_url else []),
        f"  Panel       {http_url}/",
        f"  HTTP        {http_url}",
        f"  WebSocket   {ws_url}",
        f"  Pruébelo    wscat -c {ws_url}",
        f"  Incidentes  {stored}",
        f"  Correo      {_mail(settings)}",
        "",
        "Ctrl-C lo detiene.",
    ]
    if settings.insecure and settings.auth.get("AUTH", "off") == "off":
        lines.insert(
            1,
            "  ¡Sin inicio de sesión! (--insecure): quien llegue a este puerto avisa y lee.",
        )
    return "\n".join(lines)


def _mail(settings: LocalSettings) -> str:
    if settings.ephemeral:
        return "no sale (--ephemeral)"
    rules = f"; {len(settings.rules)} reglas dicen a quién (--rules)" if settings.rules else ""
    if settings.mail_url is None:
        return f"{settings.data.resolve() / 'mail'} (Maildir; --mail-url para que salga){rules}"
    # Not the whole URL: it contains passwords and tokens.
    parts = urlsplit(settings.mail_url)
    if parts.scheme not in ("smtp", "smtps"):
        return f"por {parts.scheme} (Apprise){rules}"
    to = rules or f" a {', '.join(settings.mail_to)}"
    return f"por {parts.hostname}{to}"
