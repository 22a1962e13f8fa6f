"""``alerta-utec redrive``: on AWS, send again the changes that were not delivered."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.types import StringParamType

from alerta_utec.cli import redriving
from alerta_utec.cli.aws import explained, stack_name, stack_options, with_sdk
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.param_types import WholeNumber
from alerta_utec.cli.program import Command
from alerta_utec.cli.terminal import safe

if TYPE_CHECKING:
    from alerta_utec.deployments.aws.redrive import RedriveDeployment
    from alerta_utec.domain.delivery import Consumer

_SEQ_MAX = 10**18
_CHANNELS: Mapping[str, tuple["Consumer", ...]] = {
    "broadcast": ("broadcast",),
    "email": ("email",),
    "webhooks": ("webhooks",),
    "both": ("broadcast", "email"),
    "all": ("broadcast", "email", "webhooks"),
}


class ChannelName(StringParamType):
    """The name of one or of several channels."""

    name = "canal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        if value not in _CHANNELS:
            self.fail(f"debe ser {', '.join(_CHANNELS)}", param, ctx)
        return str(value)


@click.command(cls=Command)
@click.option(
    "--queue", metavar="URL", help="Cola de mensajes sin entregar; por defecto, las dos de la pila."
)
@click.option("--from-seq", type=WholeNumber(1, _SEQ_MAX), help="Sin cola: desde este seq.")
@click.option(
    "--to-seq", type=WholeNumber(1, _SEQ_MAX), help="Hasta este; por defecto, solo el primero."
)
@click.option(
    "--channel",
    type=ChannelName(),
    help="broadcast, email, webhooks, both (los dos primeros) o all;"
    " por defecto, el que falló, o both con --from-seq.",
)
@stack_options
@click.option("--dry-run", is_flag=True, help="Muestra lo que haría, sin enviar ni retirar nada.")
def redrive(
    queue: str | None,
    from_seq: int | None,
    to_seq: int | None,
    channel: str | None,
    stage: str,
    stack: str | None,
    region: str | None,
    dry_run: bool,
) -> None:
    """Reenvía los cambios que no se pudieron entregar en AWS.

    Usa las credenciales de AWS de esta máquina. Lee las colas de mensajes sin entregar, busca
    en la tabla Changes los cambios de cada mensaje y los envía; retira un mensaje solo cuando
    todos sus cambios se entregaron. Con --from-seq envía cambios concretos. Puede repetirse: un
    cambio repetido lleva los mismos incidentId y revision. Los eventos de los webhooks quedan en
    cola, y el servicio los envía a los receptores que falten.

    \b
    Ejemplos:
      alerta-utec redrive --dry-run
      alerta-utec redrive --stage prod
      alerta-utec redrive --from-seq 120 --to-seq 140 --channel broadcast
    """
    _require_consistent(queue, from_seq, to_seq)
    name = stack_name(stage, stack)
    with explained(name):
        deployment = with_sdk(lambda: _connected(name, region, queue, dry_run))
        click.echo(f"Pila {safe(name)} en {safe(deployment.region)}.")
        if from_seq is None:
            chosen = _CHANNELS[channel or "all"]
            complete = redriving.send_queued(deployment.redrive, deployment.queues, chosen)
        else:
            chosen, last = _CHANNELS[channel or "both"], to_seq or from_seq
            complete = redriving.send_seqs(deployment.redrive, from_seq, last, chosen)
    if not complete:
        raise Failure("no se entregó todo; lo que falta sigue ahí y el comando puede repetirse.")


def _require_consistent(queue: str | None, from_seq: int | None, to_seq: int | None) -> None:
    if queue is not None and from_seq is not None:
        raise usage_error("--queue y --from-seq no van juntos.")
    if to_seq is not None and (from_seq is None or to_seq < from_seq):
        raise usage_error("--to-seq necesita un --from-seq que no sea mayor.")


def _connected(
    name: str, region: str | None, queue: str | None, dry_run: bool
) -> "RedriveDeployment":
    from alerta_utec.deployments.aws.redrive import connect  # needs AWS's SDK

    return connect(name, region=region, queue=queue, dry_run=dry_run)
