"""``alerta-utec epoch``: the feed's epoch, and beginning another one."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.cli.aws import explained, stack_name, stack_options, with_sdk
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.options import data
from alerta_utec.cli.output import show_stored, try_to_show
from alerta_utec.cli.program import Command
from alerta_utec.cli.terminal import safe
from alerta_utec.domain.errors import Conflict

if TYPE_CHECKING:
    from alerta_utec.domain.change import Position

_BEGUN = "La secuencia empieza otra época"


@click.command(cls=Command)
@click.option("--new", is_flag=True, help="Empieza otra época.")
@data
@click.option("--aws", is_flag=True, help="La de una pila en AWS, y no la de una máquina.")
@stack_options
@click.option("--dry-run", is_flag=True, help="Muestra lo que haría, sin cambiar nada.")
def epoch(
    *,
    new: bool,
    data: Path,
    aws: bool,
    stage: str,
    stack: str | None,
    region: str | None,
    dry_run: bool,
) -> None:
    """Muestra la posición de la secuencia, o empieza otra época con --new.

    Otra época hace que los clientes pidan todo de nuevo: para cuando toda la máquina virtual, o
    las tablas, volvieron a un estado anterior, que el servicio no puede notar. No se borra nada.
    En una máquina, el servicio debe estar detenido para --new.

    \b
    Ejemplos:
      alerta-utec epoch
      alerta-utec epoch --new --data /var/lib/alerta-utec
      alerta-utec epoch --new --aws --stage prod --dry-run
    """
    if aws:
        _of_stack(stack_name(stage, stack), region, new=new, dry_run=dry_run)
    else:
        _of_folder(data, new=new, dry_run=dry_run)


def _of_folder(data: Path, *, new: bool, dry_run: bool) -> None:
    from alerta_utec.adapters.sqlite import epoch as epochs  # loads SQLite

    try:
        if not new or dry_run:
            _show(epochs.position(data), new=new)
            return
        epochs.begin_epoch(data)
    except DataRefused as error:
        raise Failure(str(error)) from error
    try_to_show(f"{_BEGUN}.", err=True)


def _of_stack(name: str, region: str | None, *, new: bool, dry_run: bool) -> None:
    from alerta_utec.cli.restore_aws import connected

    with explained(name):
        feed = with_sdk(lambda: connected(name, region))
        click.echo(f"Pila {safe(name)} en {safe(feed.stack.region)}.", err=True)
        state = feed.gate.state()
        if state is None:
            raise Failure("la secuencia aún no ha empezado: no hay ningún cambio.")
        if state.closed_for is not None:
            raise Failure(
                f"una restauración desde {safe(state.closed_for)} quedó a medias; complétela con:\n"
                f"  alerta-utec restore --aws --table {safe(state.closed_for)}"
            )
        if not new or dry_run:
            _show(state.position, new=new)
            return
        begun = _begun(feed.gate.begin_epoch)
    show_stored(f"{_BEGUN}: {begun}.", "la época ya es otra")


def _begun(begin: "Callable[[], Position]") -> "Position":
    try:
        return begin()
    except Conflict as error:
        raise Failure("una restauración cerró la secuencia en este momento.") from error


def _show(position: "Position", *, new: bool) -> None:
    click.echo(str(position))
    if new:
        click.echo(f"Con otra época seguiría en el mismo cambio, el {position.seq}.", err=True)
