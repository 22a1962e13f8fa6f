"""The command line: ``alerta-utec``.

A client is installed without the libraries of pyproject's [server], so these are imported
inside the functions that need them, once a command of the server runs.
"""

import click

from alerta_utec import __version__
from alerta_utec.cli.auth import token
from alerta_utec.cli.backup import backup, restore
from alerta_utec.cli.epoch import epoch
from alerta_utec.cli.incidents import incidents
from alerta_utec.cli.keys import keys
from alerta_utec.cli.notify import notify
from alerta_utec.cli.program import Program
from alerta_utec.cli.redrive import redrive
from alerta_utec.cli.rules import rules
from alerta_utec.cli.serve import serve
from alerta_utec.cli.subscriptions import subscriptions
from alerta_utec.cli.watch import watch
from alerta_utec.cli.webhooks import webhooks

# Old spellings of ``rules`` and ``--rules``: accepted, and not shown in the help.
_OLD_NAMES = {"route": "rules", "routes": "rules"}


def _current_name(name: str) -> str:
    """Return the current name of a command or option."""
    return _OLD_NAMES.get(name, name)


@click.group(
    cls=Program,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "token_normalize_func": _current_name,
    },
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


for command in (
    serve,
    notify,
    watch,
    incidents,
    webhooks,
    keys,
    token,
    backup,
    restore,
    epoch,
    redrive,
    subscriptions,
    rules,
):
    main.add_command(command)
