"""``alerta-utec backup`` and ``restore``: copies of what is stored."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.aws import stack_name, stack_options
from alerta_utec.cli.confirmation import require_yes
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.options import data
from alerta_utec.cli.output import try_to_show
from alerta_utec.cli.param_types import Moment
from alerta_utec.cli.program import Command
from alerta_utec.cli.progress import percent

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

    _explained(lambda: copies.backup(data, file, percent()))
    try_to_show(f"Copia guardada en {file}.", err=True)


@click.command(cls=Command)
@click.argument("file", metavar="[ARCHIVO]", type=_file, required=False)
@data
@click.option("--aws", is_flag=True, help="Lo guardado por una pila en AWS.")
@click.option("--at", type=Moment(), metavar="FECHA", help="Con --aws: a qué momento se vuelve.")
@click.option("--table", metavar="TABLA", help="Con --aws: otra tabla de cambios, ya recuperada.")
@stack_options
@click.option("--yes", is_flag=True, help="No pregunta.")
@click.option("--dry-run", is_flag=True, help="Muestra lo que haría, sin cambiar nada.")
def restore(
    file: Path | None,
    data: Path,
    *,
    aws: bool,
    at: datetime | None,
    table: str | None,
    stage: str,
    stack: str | None,
    region: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Recupera lo guardado en ARCHIVO, o lo que una pila en AWS tenía antes.

    En una máquina, el servicio debe estar detenido, y se reemplaza lo que hay en la carpeta de
    datos. En AWS, DynamoDB recupera los cambios a la hora de --at (o se usan los de --table), y
    reemplazan a los de la pila; mientras tanto el servicio responde unavailable, y nada de lo
    recuperado se vuelve a enviar. Si se interrumpe, se repite. Los clientes que vuelvan lo
    notarán: la secuencia empieza otra época.

    \b
    Ejemplos:
      alerta-utec restore copia-2025-11-16.db
      alerta-utec restore --aws --stage prod --at 2026-11-24T18:30:00-05:00 --dry-run
    """
    if aws == (file is not None) or (not aws and (at or table)) or (at and table):
        raise usage_error("indique ARCHIVO, o --aws con --at o --table.")
    if file is None:
        from alerta_utec.cli.restore_aws import restore_stack  # names AWS

        restore_stack(
            stack_name(stage, stack), region=region, at=at, table=table, yes=yes, dry_run=dry_run
        )
        return
    if not yes and not dry_run:
        require_yes(f"Se reemplaza lo guardado en {data.resolve()}. ¿Seguir?")
    from alerta_utec.adapters.sqlite import backup as copies  # loads SQLite

    _explained(lambda: copies.restore(data, file, dry_run=dry_run))
    done = "Se puede restaurar" if dry_run else "Restaurado"
    try_to_show(f"{done} desde {file}.", err=True)


def _explained(run: Callable[[], object]) -> None:
    """Call ``run``, and turn a refused data folder or file into the command's failure."""
    try:
        run()
    except DataRefused as error:
        raise Failure(str(error)) from error
