"""The command line: ``alerta-utec``."""

import click

from alerta_utec import __version__
from alerta_utec.cli.auth import token
from alerta_utec.cli.backup import backup, restore
from alerta_utec.cli.incidents import incidents
from alerta_utec.cli.notify import notify
from alerta_utec.cli.program import Program
from alerta_utec.cli.redrive import redrive
from alerta_utec.cli.route import route
from alerta_utec.cli.serve import serve
from alerta_utec.cli.watch import watch
from alerta_utec.cli.webhooks import webhooks


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    __version__, prog_name="alerta-utec", message="%(prog)s %(version)s", help="Muestra la versión."
)
def main() -> None:
    """Alerta UTEC Realtime: incidentes en cada pantalla conectada, al instante.

    Primero el servidor, en una terminal:

    \b
      alerta-utec serve

    Luego, en otra, mirar lo que llega, y en una tercera avisar de un incidente:

    \b
      alerta-utec watch
      alerta-utec notify --type prueba --location "Laboratorio A" --urgency high

    Cada comando tiene su --help.
    """


for command in (serve, notify, watch, incidents, webhooks, token, backup, restore, redrive, route):
    main.add_command(command)
