"""What ``serve`` says when it is ready."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from alerta_utec.deployments.local.settings import LocalSettings


def banner(settings: "LocalSettings", http_url: str, ws_url: str) -> str:
    """Where the service is, how to try it, and where incidents and e-mails go."""
    stored = "en una carpeta temporal: se pierden al terminar (--ephemeral)"
    if not settings.ephemeral:
        stored = str(settings.data.resolve() / "alerta.db")
    lines = [
        "Alerta UTEC Realtime está en marcha.",
        "",
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
            1, "  ¡Sin inicio de sesión! (--insecure): quien llega a este puerto, avisa y lee."
        )
    return "\n".join(lines)


def _mail(settings: "LocalSettings") -> str:
    if settings.ephemeral:
        return "no sale (--ephemeral)"
    routes = f"; {len(settings.rules)} reglas dicen a quién (--rules)" if settings.rules else ""
    if settings.mail_url is None:
        return f"{settings.data.resolve() / 'mail'} (Maildir; --mail-url para que salga){routes}"
    # Never the whole URL: it carries passwords and tokens.
    parts = urlsplit(settings.mail_url)
    if parts.scheme not in ("smtp", "smtps"):
        return f"por {parts.scheme} (Apprise){routes}"
    to = routes or f" a {', '.join(settings.mail_to)}"
    return f"por {parts.hostname}{to}"
