"""``alerta-utec serve``: the service on this machine."""

import ipaddress
import os
from functools import partial
from pathlib import Path

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.auth import auth_options, environment
from alerta_utec.cli.banner import banner
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.options import data
from alerta_utec.cli.param_types import (
    PORT_MAX,
    Address,
    Origin,
    Seconds,
    Stage,
    Switch,
    TimeZone,
    WholeNumber,
)
from alerta_utec.cli.program import Command
from alerta_utec.cli.rules import load, rules_option
from alerta_utec.domain.messages import Lang
from alerta_utec.notifications.rules import Rule

_setting = partial(click.option, show_envvar=True)


@click.command(cls=Command)
@_setting(
    "--host",
    envvar="ALERTA_HOST",
    default="127.0.0.1",
    metavar="DIRECCIÓN",
    show_default=True,
    help="Dirección en la que escucha.",
)
@_setting(
    "--port",
    envvar="ALERTA_PORT",
    default=8000,
    type=WholeNumber(0, PORT_MAX),
    show_default=True,
    help="Puerto; con 0, uno libre.",
)
@_setting(
    "--stage",
    envvar="ALERTA_STAGE",
    default="dev",
    type=Stage(),
    show_default=True,
    help="Etapa: el camino de la dirección WebSocket, como en AWS.",
)
@data
@_setting(
    "--insecure",
    envvar="ALERTA_INSECURE",
    is_flag=True,
    type=Switch(),
    help="Permite escuchar más allá de esta máquina, sin inicio de sesión.",
)
@click.option("--ephemeral", is_flag=True, help="No guarda nada: todo se pierde al terminar.")
@_setting(
    "--mail-url",
    envvar="ALERTA_MAIL_URL",
    metavar="URL",
    help="Por dónde sale el correo: smtp://, smtps:// o una URL de Apprise; sin ella, queda en "
    "la carpeta mail de los datos.",
)
@_setting(
    "--mail-from",
    envvar="ALERTA_MAIL_FROM",
    default="alerta-utec@localhost",
    type=Address(),
    show_default=True,
    help="Remitente de los correos.",
)
@_setting(
    "--mail-to",
    envvar="ALERTA_MAIL_TO",
    multiple=True,
    type=Address(),
    help="Destinatario; se repite para varios (en la variable, con comas).",
)
@rules_option(
    "rules", "Archivo de reglas: quién recibe qué notificaciones; sin él, todo va a --mail-to."
)
@_setting(
    "--mail-limit",
    envvar="ALERTA_MAIL_LIMIT",
    default=20,
    type=WholeNumber(1, 3600),
    show_default=True,
    help="Correos seguidos a cada destinatario, y luego por hora; los demás se juntan.",
)
@_setting(
    "--mail-window",
    envvar="ALERTA_MAIL_WINDOW",
    default=300,
    type=WholeNumber(0, 3600),
    metavar="SEGUNDOS",
    show_default=True,
    help="Cuánto se juntan, tras el primero, los correos del mismo tipo y lugar; 0: nada.",
)
@_setting(
    "--timezone",
    envvar="ALERTA_TIMEZONE",
    default="America/Lima",
    type=TimeZone(),
    show_default=True,
    help="Zona horaria de los correos.",
)
@_setting(
    "--lang",
    envvar="ALERTA_LANG",
    default="es",
    type=click.Choice(["es", "en"]),
    show_default=True,
    help="Idioma de los correos.",
)
@_setting(
    "--origin",
    "origins",
    envvar="ALERTA_ORIGIN",
    multiple=True,
    type=Origin(),
    help="Origen web que puede usar el servicio, como https://alerta.example.edu; se repite. "
    "Sin él, las páginas propias y las de esta máquina; con *, cualquiera.",
)
@_setting(
    "--max-per-address",
    envvar="ALERTA_MAX_PER_ADDRESS",
    default=1000,
    type=WholeNumber(1, 1_000_000),
    show_default=True,
    help="Conexiones a la vez desde una misma dirección de fuera.",
)
@_setting(
    "--webhook-allow-private",
    envvar="ALERTA_WEBHOOK_ALLOW_PRIVATE",
    is_flag=True,
    type=Switch(),
    help="Permite enviar webhooks a direcciones que no son públicas, como las de esta red.",
)
@_setting(
    "--cert",
    envvar="ALERTA_CERT",
    type=click.Path(path_type=Path),
    metavar="ARCHIVO",
    help="Certificado TLS en PEM: sirve https y wss.",
)
@_setting(
    "--key",
    envvar="ALERTA_KEY",
    type=click.Path(path_type=Path),
    metavar="ARCHIVO",
    help="Clave del certificado, si no está en el mismo archivo.",
)
@_setting(
    "--auth",
    envvar="ALERTA_AUTH",
    default="off",
    type=click.Choice(["off", "jwt"]),
    show_default=True,
    help="Inicio de sesión: off, cualquiera; jwt, con ficha firmada.",
)
@auth_options
# API Gateway's limits, which tests cannot wait for.
@click.option("--idle-s", hidden=True, type=Seconds())
@click.option("--age-s", hidden=True, type=Seconds())
def serve(
    host: str,
    port: int,
    stage: str,
    data: Path,
    insecure: bool,
    ephemeral: bool,
    mail_url: str | None,
    mail_from: str,
    mail_to: tuple[str, ...],
    rules: Path | None,
    mail_limit: int,
    mail_window: int,
    timezone: str,
    lang: Lang,
    origins: tuple[str, ...],
    max_per_address: int,
    webhook_allow_private: bool,
    cert: Path | None,
    key: Path | None,
    auth: str,
    idle_s: float | None,
    age_s: float | None,
    **auth_options_given: str | None,
) -> None:
    """Pone el servicio en marcha en esta máquina, hasta Ctrl-C.

    \b
    Ejemplos:
      alerta-utec serve
      alerta-utec serve --port 9000 --data /srv/alerta
      alerta-utec serve --mail-url smtp://correo.example:25 --mail-to guardia@example.edu
      alerta-utec serve --mail-url smtp://correo.example:25 --rules reglas.yml
      ALERTA_AUTH_SECRET=… alerta-utec serve --host 0.0.0.0 --auth jwt
    """
    if auth == "off" and not insecure and not _loopback(host):
        raise usage_error(
            f"{host} no es solo esta máquina, y cualquiera que llegue podría avisar y leer. Use "
            "--auth jwt, --host 127.0.0.1 (detrás de un proxy, si hace falta) o acéptelo con "
            "--insecure."
        )
    from alerta_utec import deployments
    from alerta_utec.deployments import sign_in
    from alerta_utec.deployments.local.settings import LocalSettings
    from alerta_utec.gateway.limits import Limits

    try:
        sign_in.authenticator(environment(auth, auth_options_given))
    except ValueError as error:
        raise Failure(str(error)) from error
    usual = Limits()
    settings = LocalSettings(
        host=host,
        port=port,
        stage=stage,
        data=data,
        insecure=insecure,
        ephemeral=ephemeral,
        mail_url=mail_url or None,
        mail_from=mail_from,
        mail_to=mail_to,
        rules=_rules(rules, mail_to),
        mail_limit=mail_limit,
        mail_window_s=mail_window,
        timezone=timezone,
        lang=lang,
        origins=origins,
        max_per_address=max_per_address,
        webhook_allow_private=webhook_allow_private,
        certificate=cert,
        key=key,
        auth=environment(auth, auth_options_given),
        limits=Limits(idle_s=idle_s or usual.idle_s, age_s=age_s or usual.age_s),
    )
    try:
        deployments.local_service(settings).run(
            on_ready=lambda http_url, ws_url: click.echo(banner(settings, http_url, ws_url))
        )
    except DataRefused as error:
        raise Failure(str(error)) from error
    except ValueError as error:
        raise Failure(f"{error} Revise --mail-url, --mail-from y --mail-to.") from error
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise Failure(
            f"no se puede escuchar en {host}:{port}: {why}. "
            "Elija otro puerto con --port (0: uno libre)."
        ) from error


def _rules(file: Path | None, mail_to: tuple[str, ...]) -> tuple[Rule, ...]:
    if file is None:
        return ()
    if mail_to:
        raise usage_error("con --rules, los destinatarios están en el archivo: quite --mail-to.")
    return load(file)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
