"""``alerta-utec watch``: show incidents as they happen, and those missed meanwhile."""

import asyncio
import os
from pathlib import Path

import click

from alerta_utec.cli.client_errors import describe, failure
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.options import as_json, no_color, token, ws_url
from alerta_utec.cli.param_types import feed_position
from alerta_utec.cli.program import Command
from alerta_utec.cli.terminal import incident_line, safe
from alerta_utec.client import (
    CaughtUp,
    Client,
    ClientError,
    Event,
    Lost,
    Reset,
    Unreachable,
    Update,
)
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import InvalidRequest

# A longer file is not a state file: --state may name another file by mistake.
_STATE_MAX_BYTES = 200


@click.command(cls=Command)
@ws_url
@token
@click.option(
    "--since",
    type=feed_position,
    metavar="POSICIÓN",
    help="Empieza por lo que cambió desde esa posición; por defecto, desde ahora.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="ARCHIVO",
    help="Guarda la posición en ese archivo; la próxima vez sigue desde ella.",
)
@as_json
@no_color
@click.pass_context
def watch(
    ctx: click.Context,
    url: str,
    token: str | None,
    since: Position | None,
    state: Path | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Muestra los incidentes a medida que ocurren, hasta Ctrl-C.

    La urgencia se muestra con forma, palabra y color: ▲ ALTA, ■ MEDIA, ○ BAJA. Si se pierde la
    conexión, la recupera y muestra lo que hubo entretanto. Con --state hace lo mismo entre una
    ejecución y la siguiente.

    \b
    Ejemplos:
      alerta-utec watch
      alerta-utec watch --state guardia.posicion
      alerta-utec watch --url wss://ID.execute-api.us-east-1.amazonaws.com/dev
      alerta-utec watch --json | jq .incident.location
    """
    if no_color:
        ctx.color = False
    if state is not None and since is None:
        since = _read_position(state)
    try:
        asyncio.run(_watch(url, token, since, state, as_json))
    except ClientError as error:
        raise failure(error, url) from error
    except KeyboardInterrupt:
        click.echo(err=True)


async def _watch(
    url: str, token: str | None, since: Position | None, state: Path | None, as_json: bool
) -> None:
    saved = None if state is None else _read_position(state)
    async with Client(url, token=token, position=since, from_now=True) as client:
        async for event in client:
            if isinstance(event, Update):
                click.echo(safe(event.text) if as_json else _line(event))
            elif text := _status(event, url, since):
                click.echo(text, err=True)
            if state is not None and client.position not in (None, saved):
                saved = client.position
                _write_position(state, str(saved))


def _status(event: Event, url: str, since: Position | None) -> str | None:
    match event:
        case Lost():
            return _lost(event)
        case Reset():
            return (
                "El servicio no conoce esa posición (quizá se restauró una copia): "
                "estos son los incidentes abiertos."
            )
        case CaughtUp(again=False) if since is None:
            return f"Conectado a {safe(url)}; a la espera de incidentes (Ctrl-C para salir)."
        case CaughtUp(again=False):
            return f"Conectado a {safe(url)}; {_recovered(event)} (Ctrl-C para salir)."
        case CaughtUp(again=True):
            return f"Conectado de nuevo; {_recovered(event)}."
        case CaughtUp():
            return f"No había llegado todo; {_recovered(event)}."
        case _:
            return None


def _recovered(event: CaughtUp) -> str:
    if not event.recovered:
        return "entretanto no cambió nada"
    return "recuperado: 1" if event.recovered == 1 else f"recuperados: {event.recovered}"


def _lost(event: Lost) -> str:
    hint = " ¿Está en marcha? alerta-utec serve." if isinstance(event.error, Unreachable) else ""
    return f"{describe(event.error)}; nuevo intento en {event.retry_in_s:.1f} s.{hint}"


def _line(update: Update) -> str:
    incident = update.incident
    revision = f"  (revisión {incident.revision})" if incident.revision > 1 else ""
    return incident_line(incident.to_json()) + revision


def _read_position(state: Path) -> Position | None:
    """Return the position in the file; None if the file is missing or empty."""
    try:
        with state.open("rb") as file:
            text = file.read(_STATE_MAX_BYTES).decode().strip()
        return Position.parse(text) if text else None
    except FileNotFoundError:
        return None
    except (InvalidRequest, UnicodeDecodeError) as error:
        raise Failure(f"{safe(state)} no contiene una posición como 22a192327d34:41.") from error
    except OSError as error:
        raise _unusable(state, error) from error


def _write_position(state: Path, position: str) -> None:
    """Replace the file atomically: a crash leaves the old position or the new one."""
    new = state.with_name(f"{state.name}.new")
    try:
        new.write_text(f"{position}\n")
        new.replace(state)
    except OSError as error:
        raise _unusable(state, error) from error


def _unusable(state: Path, error: OSError) -> Failure:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Failure(f"no se puede usar {safe(state)}: {reason}.")
