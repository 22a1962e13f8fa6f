"""``alerta-utec notify``: report one incident."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import click

from alerta_utec import client, wire
from alerta_utec.cli.client_errors import failure
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.options import token, ws_url
from alerta_utec.cli.output import show_stored
from alerta_utec.cli.param_types import Seconds
from alerta_utec.cli.program import Command
from alerta_utec.domain.errors import BadJson, TooLarge

_FIELDS = ("type", "location", "description", "urgency", "status", "timestamp")
_STDIN_MAX_BYTES = wire.MESSAGE_MAX_BYTES + 1


@click.command(cls=Command)
@click.argument("source", required=False, metavar="[-]")
@ws_url
@token
@click.option("--type", metavar="TEXTO", help="Qué pasa: fuga de agua, temperatura elevada…")
@click.option("--location", metavar="TEXTO", help="Dónde.")
@click.option("--description", metavar="TEXTO", help="Detalle, hasta 4000 caracteres.")
@click.option("--urgency", metavar="low|medium|high", help="Urgencia.")
@click.option("--status", metavar="ESTADO", help="pendiente (por defecto), en_atencion o resuelto.")
@click.option("--timestamp", metavar="FECHA", help="Cuándo: 2025-11-16T18:12:00Z; si falta, ahora.")
@click.option("--id", "incident_id", metavar="ID", help="Identificador propio del incidente.")
@click.option("--key", metavar="CLAVE", help="Clave de repetición: con la misma no se duplica.")
@click.option("--drill", "--simulacro", is_flag=True, help="Es un simulacro, y así se anuncia.")
@click.option("--extra", multiple=True, metavar="NOMBRE=VALOR", help="Campo adicional; se repite.")
@click.option(
    "--timeout",
    "timeout_s",
    default=10.0,
    type=Seconds(),
    show_default=True,
    help="Segundos durante los que insiste.",
)
def notify(
    source: str | None,
    url: str,
    token: str | None,
    incident_id: str | None,
    key: str | None,
    drill: bool,
    extra: tuple[str, ...],
    timeout_s: float,
    **fields: str | None,
) -> None:
    """Avisa de un incidente y muestra el acuse en JSON.

    Los datos van en opciones o, con «-», como JSON por la entrada: el incidente, o el mensaje
    entero {"action":"notify","incident":{…}}. Si la red falla, insiste sin duplicar.

    \b
    Ejemplos:
      alerta-utec notify --type prueba --location "Laboratorio A" --urgency high
      echo '{"type":"prueba","location":"Patio","urgency":"low"}' | alerta-utec notify -
      alerta-utec notify --type fuga --location Sótano --urgency alta --extra sensor=H2O-3
      alerta-utec notify --simulacro --type incendio --location "Torre A" --urgency high
    """
    given: dict[str, Any] = {name: fields[name] for name in _FIELDS if fields[name] is not None}
    if incident_id is not None:
        given["incidentId"] = incident_id
    if drill:
        given["drill"] = True
    incident: Any = {**_extras(extra), **given}
    if source is not None:
        if source != "-":
            raise usage_error(f"sobra lo siguiente: {source} (¿quiso decir «-»?)")
        if incident:
            raise usage_error("los datos van en opciones o por la entrada («-»), no en ambas.")
        incident, key = _from_stdin(key)
    elif not incident:
        raise usage_error("faltan los datos: al menos --type, --location y --urgency.")
    _send(url, token, incident, key, timeout_s)


def _extras(pairs: tuple[str, ...]) -> dict[str, str]:
    extras = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{pair} no es NOMBRE=VALOR", param_hint="--extra")
        extras[name] = value
    return extras


def _from_stdin(key: str | None) -> tuple[Any, str | None]:
    """Read an incident and its key, if it has one, from standard input."""
    try:
        message = wire.decode(sys.stdin.buffer.read(_STDIN_MAX_BYTES))
    except (BadJson, TooLarge) as error:
        raise Failure(f"la entrada: {wire.error_body(error)['message']}") from error
    if "action" not in message:
        return message, key
    if message["action"] != "notify":
        raise Failure('la entrada: solo se envía "action":"notify".')
    own_key = message.get("idempotencyKey")
    return message.get("incident"), key or (own_key if isinstance(own_key, str) else None)


def _send(
    url: str, token: str | None, incident: Mapping[str, Any], key: str | None, timeout_s: float
) -> None:
    sending = client.notify(url, incident, token=token, idempotency_key=key, timeout_s=timeout_s)
    try:
        ack = asyncio.run(sending)
    except client.ClientError as error:
        raise failure(error, url) from error
    show_stored(wire.encode(ack), f"el incidente está guardado ({ack['incidentId']})")
