"""``alerta-utec watch``: incidents as they happen."""

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from alerta_utec.cli.options import as_json, no_color, ws_url
from alerta_utec.cli.spanish import SpanishCommand
from alerta_utec.cli.terminal import incident_line, safe

if TYPE_CHECKING:
    from alerta_utec.client import Connected, Lost, Update


@click.command(cls=SpanishCommand)
@ws_url
@as_json
@no_color
@click.pass_context
def watch(ctx: click.Context, url: str, as_json: bool, no_color: bool) -> None:
    """Muestra los incidentes a medida que ocurren, hasta Ctrl-C.

    La urgencia va en forma, palabra y color: ▲ ALTA, ■ MEDIA, ○ BAJA. Si se pierde la
    conexión, la recupera y lo dice.

    \b
    Ejemplos:
      alerta-utec watch
      alerta-utec watch --url wss://ID.execute-api.us-east-1.amazonaws.com/dev
      alerta-utec watch --json | jq .incident.location
    """
    if no_color:
        ctx.color = False
    from alerta_utec.cli.failures import failure
    from alerta_utec.client import ClientError

    try:
        asyncio.run(_watch(url, as_json))
    except ClientError as error:
        raise failure(error, url) from error
    except KeyboardInterrupt:
        click.echo(err=True)


async def _watch(url: str, as_json: bool) -> None:
    from alerta_utec.client import Update, follow

    async with aclosing(follow(url)) as feed:
        async for event in feed:
            if not isinstance(event, Update):
                click.echo(_state(event, url), err=True)
            elif as_json:
                click.echo(safe(event.text))
            else:
                click.echo(_line(event))


def _state(event: "Connected | Lost", url: str) -> str:
    from alerta_utec.cli.failures import reason
    from alerta_utec.client import Lost, Unreachable

    if isinstance(event, Lost):
        hint = (
            " ¿Está en marcha? alerta-utec serve." if isinstance(event.error, Unreachable) else ""
        )
        return f"{reason(event.error)}; nuevo intento en {event.retry_in_s:.1f} s.{hint}"
    if event.again:
        return "Conectado de nuevo; lo de entretanto se ve con: alerta-utec incidents"
    return f"Conectado a {safe(url)}; a la espera de incidentes (Ctrl-C para salir)."


def _line(update: "Update") -> str:
    incident = update.incident
    revision = f"  (revisión {incident.revision})" if incident.revision > 1 else ""
    return incident_line(incident.to_json()) + revision
