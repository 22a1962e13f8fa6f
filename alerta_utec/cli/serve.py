"""``alerta-utec serve``: the service on this machine."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.auth import environment
from alerta_utec.cli.banner import banner
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.output import try_to_show
from alerta_utec.cli.program import Command
from alerta_utec.cli.rules import load
from alerta_utec.cli.serve_options import serve_options
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.gateway.limits import Limits
from alerta_utec.notifications.rules import Rule

# The options whose names differ from those of the settings.
_OPTION = {"mail_window_s": "mail_window", "certificate": "cert"}
_COMPUTED = frozenset({"mail_url", "rules", "auth", "limits"})


@click.command(cls=Command)
@serve_options
def serve(**options: Any) -> None:
    """Pone el servicio en marcha en esta máquina, hasta Ctrl-C.

    \b
    Ejemplos:
      alerta-utec serve
      alerta-utec serve --port 9000 --data /srv/alerta
      alerta-utec serve --mail-url smtp://correo.example:25 --mail-to guardia@example.edu
      alerta-utec serve --mail-url smtp://correo.example:25 --rules reglas.yml
      ALERTA_AUTH_SECRET=… alerta-utec serve --host 0.0.0.0 --auth jwt
    """
    host, auth = options["host"], environment(options["auth"], options)
    if auth["AUTH"] == "off" and not options["insecure"] and not _is_loopback(host):
        raise usage_error(
            f"{host} no es solo esta máquina, y cualquiera que llegue podría avisar y leer. Use "
            "--auth jwt, --host 127.0.0.1 (detrás de un proxy, si hace falta) o acéptelo con "
            "--insecure."
        )
    try:
        sign_in.authenticator(auth)
    except ValueError as error:
        raise Failure(str(error)) from error
    _run(_settings(options, auth))


def _settings(options: Mapping[str, Any], auth: Mapping[str, str]) -> LocalSettings:
    """Build the settings from the values of the options."""
    names = {field.name for field in fields(LocalSettings)} - _COMPUTED
    names_of_limits = ("idle_s", "age_s", "heartbeat_s")
    limits = {name: options[name] for name in names_of_limits if options[name] is not None}
    return LocalSettings(
        **{name: options[_OPTION.get(name, name)] for name in names},
        mail_url=_mail_url(options["mail_url"]),
        rules=_rules(options["rules"], options["mail_to"]),
        auth=auth,
        limits=replace(Limits(), **limits),
    )


def _mail_url(given: str | None) -> str | None:
    """Return the URL; ``@FILE`` names a file that holds it, out of sight of ``ps``."""
    if not given or not given.startswith("@"):
        return given or None
    path = Path(given[1:])
    try:
        url = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise Failure(f"no se puede leer {path}, que indica --mail-url.") from error
    if not url:
        raise Failure(f"{path}, que indica --mail-url, está vacío.")
    return url


def _rules(file: Path | None, mail_to: tuple[str, ...]) -> tuple[Rule, ...]:
    if file is None:
        return ()
    if mail_to:
        raise usage_error("con --rules, los destinatarios están en el archivo: quite --mail-to.")
    return load(file)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(settings: LocalSettings) -> None:
    """Run the service until a signal stops it."""
    from alerta_utec.deployments.local.service import LocalService  # loads the whole server

    def show_banner(http_url: str, web_socket_url: str) -> None:
        # A service that runs needs no reader of its banner.
        try_to_show(banner(settings, http_url, web_socket_url))

    try:
        LocalService(settings).run(show_banner)
    except DataRefused as error:
        raise Failure(str(error)) from error
    except ValueError as error:
        raise Failure(f"{error} Revise --mail-url, --mail-from y --mail-to.") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Failure(
            f"no se puede escuchar en {settings.host}:{settings.port}: {reason}. "
            "Elija otro puerto con --port (0: uno libre)."
        ) from error
