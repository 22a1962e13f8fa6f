"""``alerta-utec incidents``: list the stored incidents, or show one."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import click

from alerta_utec import wire
from alerta_utec.cli.client_errors import failure
from alerta_utec.cli.deliveries import delivery_line
from alerta_utec.cli.options import as_json, http_url, no_color, token
from alerta_utec.cli.param_types import HTTP_URL, WholeNumber
from alerta_utec.cli.program import Group
from alerta_utec.cli.terminal import history_line, incident_line, incident_page, safe
from alerta_utec.client import ClientError, HttpClient, http_client

OpenClient = AbstractAsyncContextManager[HttpClient]
_LIMIT_MAX = 100_000


@click.group(cls=Group, invoke_without_command=True)
@http_url
@token
@click.option("--status", metavar="ESTADOS", help="Solo esos estados, con comas.")
@click.option("--urgency", metavar="URGENCIAS", help="Solo esas urgencias, con comas.")
@click.option("--type", metavar="TEXTO", help="Solo de ese tipo.")
@click.option("--location", metavar="TEXTO", help="Solo de ese lugar.")
@click.option(
    "--limit",
    default=50,
    type=WholeNumber(1, _LIMIT_MAX),
    show_default=True,
    help="Cuántos, como máximo.",
)
@as_json
@no_color
@click.pass_context
def incidents(
    ctx: click.Context,
    /,
    url: str,
    token: str | None,
    limit: int,
    as_json: bool,
    no_color: bool,
    **filters: str | None,
) -> None:
    """Lista los incidentes guardados, o muestra uno.

    El más nuevo va primero; «show» muestra uno con su historia y sus entregas.

    \b
    Ejemplos:
      alerta-utec incidents --status pendiente,en_atencion --urgency high
      alerta-utec incidents --json --limit 1000 > incidentes.jsonl
      alerta-utec incidents show 0197a1b2-…
    """
    if no_color:
        ctx.color = False
    ctx.obj = (url, token)
    if ctx.invoked_subcommand is None:
        chosen = {name: value for name, value in filters.items() if value}
        _run(url, _list(http_client(url, token=token), limit, chosen, as_json))


@incidents.command()
@click.argument("incident_id", metavar="ID")
@click.option("--url", "own_url", type=HTTP_URL, help="Como la de incidents.")
@click.option("--token", "own_token", metavar="TOKEN", help="Como la de incidents.")
@as_json
@no_color
@click.pass_context
def show(
    ctx: click.Context,
    /,
    incident_id: str,
    own_url: str | None,
    own_token: str | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Muestra un incidente con toda su historia y sus entregas.

    \b
    Ejemplo:
      alerta-utec incidents show 0197a1b2-…
    """
    if no_color:
        ctx.color = False
    url, token = ctx.obj
    url = own_url or url
    _run(url, _show(http_client(url, token=own_token or token), incident_id, as_json))


async def _list(opened: OpenClient, limit: int, filters: Mapping[str, str], as_json: bool) -> None:
    async with (
        opened as http,
        aclosing(http.incidents(limit=limit, filters=filters)) as found,
    ):
        empty = True
        async for incident in found:
            empty = False
            click.echo(safe(wire.encode(incident)) if as_json else incident_line(incident))
    if empty and not as_json:
        click.echo("No hay incidentes con esas condiciones.", err=True)


async def _show(opened: OpenClient, incident_id: str, as_json: bool) -> None:
    async with opened as http:
        found = await http.incident(incident_id)
    if as_json:
        click.echo(safe(wire.encode(found)))
        return
    click.echo(incident_page(found["incident"]))
    click.echo("\nHistoria:")
    for entry in found["history"]:
        click.echo("  " + history_line(entry))
    click.echo("\nEntregas:")
    for delivery in found.get("deliveries") or ():
        click.echo("  " + delivery_line(delivery))
    if not found.get("deliveries"):
        click.echo("  no consta ninguna")


def _run(url: str, request: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(request)
    except ClientError as error:
        raise failure(error, url) from error
