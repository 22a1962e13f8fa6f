"""``alerta-utec backup``, ``restore`` and ``new-epoch``: copies of the store of one machine."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.options import data
from alerta_utec.cli.output import try_to_show
from alerta_utec.cli.program import Command

_YES = frozenset({"s", "si", "sí", "y", "yes"})
_file = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.argument("file", metavar="ARCHIVO", type=_file)
@data
def backup(file: Path, data: Path) -> None:
    """Copia todo lo guardado a ARCHIVO.

    También con el servicio en marcha.

    \b
    Ejemplo:
      alerta-utec backup copia-2025-11-16.db
    """
    from alerta_utec.adapters.sqlite import backup as copies  # loads SQLite

    _explained(lambda: copies.backup(data, file, _progress()))
    try_to_show(f"Copia guardada en {file}.", err=True)


@click.command(cls=Command)
@click.argument("file", metavar="ARCHIVO", type=_file)
@data
@click.option("--yes", is_flag=True, help="No pregunta.")
def restore(file: Path, data: Path, yes: bool) -> None:
    """Recupera lo guardado en ARCHIVO.

    El servicio debe estar detenido. Se reemplaza lo que hay en la carpeta de datos. Los clientes
    que vuelvan lo notarán: la secuencia empieza otra época.

    \b
    Ejemplo:
      alerta-utec restore copia-2025-11-16.db
    """
    if not yes:
        question = f"Se reemplaza lo guardado en {data.resolve()}. ¿Seguir? (s/N)"
        answer = click.prompt(question, default="", show_default=False, err=True)
        if answer.strip().casefold() not in _YES:
            raise Failure("cancelado.")
    from alerta_utec.adapters.sqlite import backup as copies  # loads SQLite

    _explained(lambda: copies.restore(data, file))
    try_to_show(f"Restaurado desde {file}.", err=True)


@click.command("new-epoch", cls=Command)
@data
def begin_epoch(data: Path) -> None:
    """Empieza otra época de la secuencia.

    Para cuando toda la máquina virtual volvió a un estado anterior: el servicio no puede notarlo.
    El servicio debe estar detenido. No se borra nada; los clientes que vuelvan reciben todo de
    nuevo.

    \b
    Ejemplo:
      alerta-utec new-epoch --data /var/lib/alerta-utec
    """
    from alerta_utec.adapters.sqlite import epoch  # loads SQLite

    _explained(lambda: epoch.begin_epoch(data))
    try_to_show("La secuencia empieza otra época.", err=True)


def _progress() -> Callable[[int, int], None] | None:
    """Return a function that shows the progress on a terminal; None without a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        click.echo(f"\r{100 * done // max(total, 1):3d} %{end}", nl=False, err=True)

    return show


def _explained(run: Callable[[], object]) -> None:
    """Call ``run``, and turn a refused data folder or file into the command's failure."""
    try:
        run()
    except DataRefused as error:
        raise Failure(str(error)) from error
