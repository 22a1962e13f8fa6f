"""``alerta-utec restore --aws``: replace what a stack has stored by an earlier state."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import click

from alerta_utec.cli.aws import explained, with_sdk
from alerta_utec.cli.confirmation import require_yes
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.output import show_stored
from alerta_utec.cli.progress import percent
from alerta_utec.cli.terminal import safe
from alerta_utec.domain.errors import AlertaError

if TYPE_CHECKING:
    from alerta_utec.adapters.aws.dynamodb.restore import RestorePlan
    from alerta_utec.deployments.aws.restore import StackFeed

Result = TypeVar("Result")


def restore_stack(
    name: str,
    *,
    region: str | None,
    at: datetime | None,
    table: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Restore the stack ``name`` to a moment, or from a table of changes.

    Raises:
        Failure.
    """
    with explained(name):
        feed = with_sdk(lambda: connected(name, region))
        click.echo(f"Pila {safe(name)} en {safe(feed.stack.region)}.", err=True)
        if table is None:
            table = _recovered(feed, at, dry_run=dry_run)
        if table is None:
            return
        source = table
        plan = _explained(lambda: feed.plan(source))
        _show(plan, source)
        if dry_run:
            return
        if not yes:
            require_yes("Mientras dure, los reportes reciben unavailable. ¿Seguir?")
        _run(feed, source, plan)


def connected(name: str, region: str | None) -> "StackFeed":
    """Find the stack; needs AWS's SDK."""
    from alerta_utec.deployments.aws.restore import connect

    return connect(name, region=region)


def _recovered(feed: "StackFeed", at: datetime | None, *, dry_run: bool) -> str | None:
    """Return the table that DynamoDB has recovered; ``None`` for a dry run."""
    if at is None:
        raise Failure("indique a qué hora (--at) o desde qué tabla (--table) se restaura.")
    moment = at
    _explained(lambda: feed.check_moment(moment))
    if dry_run:
        click.echo(f"DynamoDB recuperaría los cambios hasta {moment.isoformat()} en otra tabla.")
        click.echo(f"Se perderían los {feed.changes_since(moment)} posteriores.")
        return None
    click.echo("DynamoDB recupera los cambios en otra tabla; puede tardar…", err=True)
    table = feed.recover(moment, lambda: click.echo(".", nl=False, err=True))
    click.echo(f"\nTabla recuperada: {table}", err=True)
    return table


def _show(plan: "RestorePlan", source: str) -> None:
    click.echo(f"{safe(source)}: {plan.last.seq} cambios, hasta {plan.last}.")
    if plan.present is None:
        click.echo("La pila está vacía.")
        return
    click.echo(f"La pila va en {plan.present.position}; se pierden {plan.lost} cambios.")
    if plan.present.closed_for is not None:
        click.echo(f"Una restauración desde {safe(plan.present.closed_for)} quedó a medias.")


def _run(feed: "StackFeed", source: str, plan: "RestorePlan") -> None:
    try:
        position = feed.run(source, plan, percent() or (lambda _done, _total: None))
    except AlertaError as error:
        raise Failure(
            f"quedó a medias ({safe(error)}).\n"
            "El servicio responde unavailable hasta que se complete; repita:\n"
            f"  alerta-utec restore --aws --table {safe(source)} --yes"
        ) from error
    show_stored(
        f"Restaurado: la secuencia sigue en {position}. Los clientes piden todo de nuevo.\n"
        "La tabla de la que se restauró ya no hace falta; se borra con:\n"
        f"  aws dynamodb delete-table --table-name {safe(source)}",
        "la pila está restaurada",
    )


def _explained(call: Callable[[], Result]) -> Result:
    from alerta_utec.deployments.aws.restore import REFUSALS

    try:
        return call()
    except REFUSALS as error:
        raise Failure(f"{error}.") from error
