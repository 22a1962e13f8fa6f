"""``alerta-utec backup`` and ``restore``: the store of one machine, to a file and back."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.options import data
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
    from alerta_utec import deployments

    _guarded(lambda: deployments.backup(data, file, _progress()))
    click.echo(f"Copia guardada en {file}.", err=True)


@click.command(cls=Command)
@click.argument("file", metavar="ARCHIVO", type=_file)
@data
@click.option("--yes", is_flag=True, help="No pregunta.")
def restore(file: Path, data: Path, yes: bool) -> None:
    """Vuelve a lo que guardaba ARCHIVO.

    Con el servicio detenido. Lo que hay ahora en la carpeta de datos se reemplaza. Los clientes que
    vuelvan lo notarán: la secuencia empieza otra época.

    \b
    Ejemplo:
      alerta-utec restore copia-2025-11-16.db
    """
    if not yes:
        question = f"Se reemplaza lo guardado en {data.resolve()}. ¿Seguir? (s/N)"
        answer = click.prompt(question, default="", show_default=False, err=True)
        if answer.strip().casefold() not in _YES:
            raise Failure("cancelado.")
    from alerta_utec import deployments

    _guarded(lambda: deployments.restore(data, file))
    click.echo(f"Restaurado desde {file}.", err=True)


def _progress() -> Callable[[int, int], None] | None:
    """Shows how far it is, where somebody looks."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        click.echo(f"\r{100 * done // max(total, 1):3d} %{end}", nl=False, err=True)

    return show


def _guarded(run: Callable[[], object]) -> None:
    try:
        run()
    except DataRefused as error:
        raise Failure(str(error)) from error
