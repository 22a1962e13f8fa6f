"""The options of ``alerta-utec serve``."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from alerta_utec.cli.auth import auth_options
from alerta_utec.cli.options import data
from alerta_utec.cli.param_types import (
    PORT_MAX,
    Address,
    NetworkType,
    Origin,
    PublicUrl,
    Seconds,
    Stage,
    Switch,
    TimeZone,
    WholeNumber,
)
from alerta_utec.cli.rules import rules_option

_setting = partial(click.option, show_envvar=True)
_OPTIONS = (
    _setting(
        "--host",
        envvar="ALERTA_HOST",
        default="127.0.0.1",
        metavar="DIRECCIÓN",
        show_default=True,
        help="Dirección en la que escucha.",
    ),
    _setting(
        "--port",
        envvar="ALERTA_PORT",
        default=8000,
        type=WholeNumber(0, PORT_MAX),
        show_default=True,
        help="Puerto; con 0, uno libre.",
    ),
    _setting(
        "--stage",
        envvar="ALERTA_STAGE",
        default="dev",
        type=Stage(),
        show_default=True,
        help="Etapa: el final de la URL WebSocket, como en AWS.",
    ),
    data,
    _setting(
        "--insecure",
        envvar="ALERTA_INSECURE",
        is_flag=True,
        type=Switch(),
        help="Permite escuchar más allá de esta máquina, sin inicio de sesión.",
    ),
    click.option("--ephemeral", is_flag=True, help="No guarda nada: todo se pierde al terminar."),
    _setting(
        "--mail-url",
        envvar="ALERTA_MAIL_URL",
        metavar="URL",
        help="Por dónde sale el correo: smtp://, smtps:// o una URL de Apprise; sin ella, queda en "
        "la carpeta mail de los datos. Con @ARCHIVO la lee de un archivo: en la línea de comandos, "
        "otros usuarios de la máquina verían su clave.",
    ),
    _setting(
        "--mail-from",
        envvar="ALERTA_MAIL_FROM",
        default="alerta-utec@localhost",
        type=Address(),
        show_default=True,
        help="Remitente de los correos.",
    ),
    _setting(
        "--mail-to",
        envvar="ALERTA_MAIL_TO",
        multiple=True,
        type=Address(),
        help="Destinatario; se repite para varios (en la variable, con comas).",
    ),
    rules_option(
        "rules", "Archivo de reglas: quién recibe qué notificaciones; sin él, todo va a --mail-to."
    ),
    _setting(
        "--mail-limit",
        envvar="ALERTA_MAIL_LIMIT",
        default=20,
        type=WholeNumber(1, 3600),
        show_default=True,
        help="Correos seguidos a cada destinatario, y luego por hora; los demás se juntan.",
    ),
    _setting(
        "--mail-window",
        envvar="ALERTA_MAIL_WINDOW",
        default=300,
        type=WholeNumber(0, 3600),
        metavar="SEGUNDOS",
        show_default=True,
        help="Cuánto se juntan, tras el primero, los correos del mismo tipo y lugar; 0: nada.",
    ),
    _setting(
        "--timezone",
        envvar="ALERTA_TIMEZONE",
        default="America/Lima",
        type=TimeZone(),
        show_default=True,
        help="Zona horaria de los correos.",
    ),
    _setting(
        "--lang",
        envvar="ALERTA_LANG",
        default="es",
        type=click.Choice(["es", "en"]),
        show_default=True,
        help="Idioma de los correos.",
    ),
    _setting(
        "--origin",
        "origins",
        envvar="ALERTA_ORIGIN",
        multiple=True,
        type=Origin(),
        help="Origen web que puede usar el servicio, como https://alerta.example.edu; se repite. "
        "Sin él, las páginas propias y las de esta máquina; con *, cualquiera.",
    ),
    _setting(
        "--public-url",
        envvar="ALERTA_PUBLIC_URL",
        type=PublicUrl(),
        help="Dirección por la que llegan los clientes a través de un proxy, como "
        "https://alerta.example.edu. Sin inicio de sesión, solo se atienden su nombre y los de "
        "esta máquina.",
    ),
    _setting(
        "--trusted-proxy",
        "trusted_proxies",
        envvar="ALERTA_TRUSTED_PROXY",
        multiple=True,
        type=NetworkType(),
        help="Red o dirección de un proxy al que se cree quién es el cliente (Forwarded, "
        "X-Forwarded-*), como 127.0.0.1; se repite.",
    ),
    _setting(
        "--max-per-address",
        envvar="ALERTA_MAX_PER_ADDRESS",
        default=1000,
        type=WholeNumber(1, 1_000_000),
        show_default=True,
        help="Conexiones a la vez desde una misma dirección de fuera.",
    ),
    _setting(
        "--webhook-allow-private",
        envvar="ALERTA_WEBHOOK_ALLOW_PRIVATE",
        is_flag=True,
        type=Switch(),
        help="Permite enviar webhooks a redes privadas y a esta máquina.",
    ),
    _setting(
        "--cert",
        envvar="ALERTA_CERT",
        type=click.Path(path_type=Path),
        metavar="ARCHIVO",
        help="Certificado TLS en PEM: sirve https y wss.",
    ),
    _setting(
        "--key",
        envvar="ALERTA_KEY",
        type=click.Path(path_type=Path),
        metavar="ARCHIVO",
        help="Clave del certificado, si no está en el mismo archivo.",
    ),
    _setting(
        "--auth",
        envvar="ALERTA_AUTH",
        default="off",
        type=click.Choice(["off", "jwt"]),
        show_default=True,
        help="Inicio de sesión: off, cualquiera; jwt, con un token firmado.",
    ),
    auth_options,
    # Tests lower API Gateway's limits, which are too long to wait for.
    click.option("--idle-s", hidden=True, type=Seconds()),
    click.option("--age-s", hidden=True, type=Seconds()),
    click.option("--heartbeat-s", hidden=True, type=Seconds()),
)


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, in the order in which the help shows them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
