"""The options that several commands share."""

from pathlib import Path

import click

from alerta_utec.cli.param_types import HTTP_URL, WS_URL, NoColor

ws_url = click.option(
    "--url",
    envvar="ALERTA_WS_URL",
    default="ws://127.0.0.1:8000/dev",
    type=WS_URL,
    show_default=True,
    show_envvar=True,
    help="Dirección WebSocket del servicio.",
)
http_url = click.option(
    "--url",
    envvar="ALERTA_HTTP_URL",
    default="http://127.0.0.1:8000",
    type=HTTP_URL,
    show_default=True,
    show_envvar=True,
    help="Dirección HTTP del servicio.",
)
token = click.option(
    "--token",
    envvar="ALERTA_TOKEN",
    metavar="TOKEN",
    show_envvar=True,
    help="Token, si el servicio pide iniciar sesión; mejor en la variable.",
)
data = click.option(
    "--data",
    envvar="ALERTA_DATA",
    default=Path("data"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="CARPETA",
    show_default=True,
    show_envvar=True,
    help="Carpeta de los datos.",
)
no_color = click.option(
    "--no-color",
    is_flag=True,
    type=NoColor(),
    envvar="NO_COLOR",
    show_envvar=True,
    help="Sin colores.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Una línea de JSON por cada uno.")
