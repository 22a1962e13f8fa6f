"""``alerta-utec redrive``: on AWS, send again the changes that were not delivered."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import click
from click.types import StringParamType

from alerta_utec.cli.aws import explained, stack_name, stack_options, with_sdk
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.param_types import WholeNumber
from alerta_utec.cli.program import Command
from alerta_utec.cli.terminal import moment, safe
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from alerta_utec.app.redrive import Redrive, Step
    from alerta_utec.deployments.aws.redrive import RedriveDeployment
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.delivery import Consumer
    from alerta_utec.domain.shard import Shard
    from alerta_utec.ports.failed_batches import FailedBatch

_SEQ_MAX = 10**18
_CHANNELS: Mapping[str, tuple["Consumer", ...]] = {
    "broadcast": ("broadcast",),
    "email": ("email",),
    "webhooks": ("webhooks",),
    "both": ("broadcast", "email"),
    "all": ("broadcast", "email", "webhooks"),
}
_CHANNEL_NAMES: Mapping[str, str] = {
    "broadcast": "difusión",
    "email": "correo",
    "webhooks": "webhooks",
}
_RESULTS: Mapping[str, str] = {
    "sent": "enviado",
    "owed": "encargado",
    "delivered_before": "ya estaba entregado",
    "not_called_for": "no pide correo",
    "failed": "FALLÓ",
    "due": "se enviaría",
}
Outcome = Literal["removed", "left", "put_back"]


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
    "--queue", metavar="URL", help="Cola de mensajes sin entregar; por defecto, la de la pila."
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

    Usa las credenciales de AWS de esta máquina. Lee la cola de mensajes sin entregar, busca
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
            complete = _from_queue(deployment, channel)
        else:
            complete = _from_feed(
                deployment.redrive, from_seq, to_seq or from_seq, channel or "both"
            )
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


def _from_feed(redrive: "Redrive", from_seq: int, to_seq: int, channel: str) -> bool:
    """Send the changes with these ``seq``; return whether all of them were sent."""
    changes = redrive.changes(from_seq, to_seq)
    counts = _send(redrive, changes, _CHANNELS[channel], unless_delivered=False)
    found = counts["changes"]
    if found <= to_seq - from_seq:
        click.echo(f"De {to_seq - from_seq + 1} cambios pedidos hay {found}.")
    click.echo(_summary(counts))
    return not counts["failed"] and found > 0


def _from_queue(deployment: "RedriveDeployment", channel: str | None) -> bool:
    """Send the changes of every message in the queue; return whether all were sent."""
    click.echo(f"Cola {safe(deployment.queue)}.")
    chosen = _CHANNELS[channel or "all"]
    outcomes: Counter[Outcome] = Counter()
    taken: list[FailedBatch] = []
    try:
        while batches := deployment.failed.take():
            taken += batches
            for batch in batches:
                outcome = _send_batch(deployment, batch, chosen)
                outcomes[outcome] += 1
                if outcome == "removed" and not deployment.redrive.dry_run:
                    deployment.failed.remove(batch)
                    taken.remove(batch)
    finally:
        # If this fails, the queue returns the messages after their visibility timeout.
        with suppress(Unavailable):
            for batch in taken:
                deployment.failed.put_back(batch)
    done = "se retirarían" if deployment.redrive.dry_run else "retirados"
    left = outcomes["left"] + outcomes["put_back"]
    click.echo(f"Mensajes: {outcomes['removed']} {done}, {left} siguen en la cola.")
    return not outcomes["left"]


def _send_batch(
    deployment: "RedriveDeployment", batch: "FailedBatch", chosen: tuple["Consumer", ...]
) -> Outcome:
    """Send the changes of one message again, and return what to do with the message."""
    if batch.channel is None:
        click.echo("Un mensaje que no es de este servicio: se queda en la cola.")
        return "left"
    if batch.channel not in chosen:
        return "put_back"
    if batch.shard is not None:
        return _send_shard(deployment.redrive, batch.shard)
    first, last = (moment(at.isoformat()) for at in (batch.first_at, batch.last_at))
    name = _CHANNEL_NAMES[batch.channel]
    click.echo(f"Mensaje: {name}, {batch.size} cambios entre {first} y {last}.")
    changes = deployment.redrive.meant_by(batch)
    counts = _send(deployment.redrive, changes, (batch.channel,), unless_delivered=True)
    if counts["changes"] < batch.size:
        click.echo(f"  Solo hay {counts['changes']} cambios de esas horas: se queda en la cola.")
        return "left"
    return "left" if counts["failed"] else "removed"


def _send_shard(redrive: "Redrive", shard: "Shard") -> Outcome:
    click.echo(f"Mensaje: difusión, un cambio a {len(shard.connection_ids)} conexiones.")
    step = redrive.shard(shard)
    if step is None:
        click.echo("  Ese cambio ya no está: el mensaje se queda en la cola.")
        return "left"
    click.echo(_line(step))
    return "left" if step.result.value == "failed" else "removed"


def _send(
    redrive: "Redrive",
    changes: Iterable["Change"],
    channels: tuple["Consumer", ...],
    *,
    unless_delivered: bool,
) -> Counter[str]:
    """Send the changes; return how many there were, and how many had each result."""
    counts: Counter[str] = Counter()
    for change in changes:
        counts["changes"] += 1
        for channel in channels:
            step = redrive.again(change, channel, unless_delivered=unless_delivered)
            counts[step.result.value] += 1
            if not step.known:
                click.echo(_line(step))
    return counts


def _line(step: "Step") -> str:
    after = step.change.after
    where = f"seq {after.seq}  {safe(after.incident_id)} r{after.revision}"
    return f"  {where}  {_CHANNEL_NAMES[step.channel]}: {_RESULTS[step.result.value]}"


def _summary(counts: Counter[str]) -> str:
    listed = [f"{counts[result]} {text}" for result, text in _RESULTS.items() if counts[result]]
    return f"Envíos: {', '.join(listed) or 'ninguno'}."
