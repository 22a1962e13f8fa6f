"""The sending of ``alerta-utec redrive``: changes, and the messages of the dead-letter queues."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import click

from alerta_utec.cli.terminal import moment, safe
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard

if TYPE_CHECKING:
    from alerta_utec.app.redrive import Redrive, Step
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.delivery import Consumer
    from alerta_utec.ports.failed_batches import FailedBatch, FailedBatches, StreamBatch

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


def send_seqs(
    redrive: "Redrive", from_seq: int, to_seq: int, channels: tuple["Consumer", ...]
) -> bool:
    """Send the changes with these ``seq``; return whether all of them were sent."""
    counts = _send(redrive, redrive.changes(from_seq, to_seq), channels, unless_delivered=False)
    found = counts["changes"]
    if found <= to_seq - from_seq:
        click.echo(f"De {to_seq - from_seq + 1} cambios pedidos hay {found}.")
    listed = [f"{counts[result]} {text}" for result, text in _RESULTS.items() if counts[result]]
    click.echo(f"Envíos: {', '.join(listed) or 'ninguno'}.")
    return not counts["failed"] and found > 0


def send_queued(
    redrive: "Redrive", queues: Mapping[str, "FailedBatches"], chosen: tuple["Consumer", ...]
) -> bool:
    """Send the changes of every message in the queues, by URL; return whether all were sent."""
    outcomes: Counter[Outcome] = Counter()
    for url, failed in queues.items():
        click.echo(f"Cola {safe(url)}.")
        outcomes += _from_queue(redrive, failed, chosen)
    done = "se retirarían" if redrive.dry_run else "retirados"
    left = outcomes["left"] + outcomes["put_back"]
    click.echo(f"Mensajes: {outcomes['removed']} {done}, {left} siguen en cola.")
    return not outcomes["left"]


def _from_queue(
    redrive: "Redrive", failed: "FailedBatches", chosen: tuple["Consumer", ...]
) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    taken: list[FailedBatch] = []
    try:
        while batches := failed.take():
            taken += batches
            for batch in batches:
                outcome = _send_batch(redrive, batch, chosen)
                outcomes[outcome] += 1
                if outcome == "removed" and not redrive.dry_run:
                    failed.remove(batch)
                    taken.remove(batch)
    finally:
        # If this fails, the queue returns the messages after their visibility timeout.
        with suppress(Unavailable):
            for batch in taken:
                failed.put_back(batch)
    return outcomes


def _send_batch(
    redrive: "Redrive", batch: "FailedBatch", chosen: tuple["Consumer", ...]
) -> Outcome:
    """Send the changes of one message again, and return what to do with the message."""
    if batch.content is None:
        click.echo("Un mensaje que no es de este servicio: se queda en la cola.")
        return "left"
    channels = tuple(one for one in batch.channels if one in chosen)
    if not channels:
        return "put_back"
    match batch.content:
        case Shard() as shard:
            sent = _send_shard(redrive, shard)
        case Position() as position:
            sent = _send_one(redrive, position, channels)
        case times:
            sent = _send_stream_batch(redrive, times, channels)
    if not sent:
        return "left"
    return "removed" if channels == batch.channels else "put_back"


def _send_stream_batch(
    redrive: "Redrive", batch: "StreamBatch", channels: tuple["Consumer", ...]
) -> bool:
    first, last = (moment(at.isoformat()) for at in (batch.first_at, batch.last_at))
    click.echo(f"Mensaje: {_names(channels)}, {batch.size} cambios entre {first} y {last}.")
    counts = _send(redrive, redrive.meant_by(batch), channels, unless_delivered=True)
    if counts["changes"] < batch.size:
        click.echo(f"  Solo hay {counts['changes']} cambios de esas horas: se queda en la cola.")
        return False
    return not counts["failed"]


def _send_one(redrive: "Redrive", position: Position, channels: tuple["Consumer", ...]) -> bool:
    click.echo(f"Mensaje: {_names(channels)}, un cambio.")
    change = redrive.change_at(position)
    if change is None:
        return _gone()
    return not _send(redrive, [change], channels, unless_delivered=True)["failed"]


def _send_shard(redrive: "Redrive", shard: Shard) -> bool:
    count = len(shard.positions)
    changes = "un cambio" if count == 1 else f"{count} cambios"
    to = f"la parte {shard.number} de {shard.of} de las conexiones"
    if shard.remainder:
        to = f"{len(shard.missed)} conexiones"
    click.echo(f"Mensaje: difusión, {changes} a {to}.")
    steps = redrive.shard(shard)
    for step in steps:
        click.echo(_line(step))
    if len(steps) < count:
        return _gone()
    return steps[0].result.value != "failed"


def _gone() -> bool:
    click.echo("  Ese cambio ya no está: el mensaje se queda en la cola.")
    return False


def _names(channels: tuple["Consumer", ...]) -> str:
    return ", ".join(_CHANNEL_NAMES[one] for one in channels)


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
