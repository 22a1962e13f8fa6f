"""``alerta-utec subscriptions``: who gets e-mails on AWS, and confirming that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import click

from alerta_utec.cli.aws import explained, stack_name, stack_options, with_sdk
from alerta_utec.cli.errors import Failure
from alerta_utec.cli.output import show_stored
from alerta_utec.cli.program import Command, Group
from alerta_utec.cli.terminal import safe
from alerta_utec.domain.errors import NotFound

if TYPE_CHECKING:
    from alerta_utec.deployments.aws.topics import StackTopics

_TOPICS: Mapping[str, str] = {
    "AlarmTopic": "Incidentes",
    "OperatorsTopic": "Alarmas del servicio",
}
_STATES: Mapping[str, str] = {
    "confirmed": "confirmada",
    "pending": "FALTA CONFIRMAR",
    "deleted": "dada de baja",
}


@click.group(cls=Group)
def subscriptions() -> None:
    """Muestra y confirma quién recibe los correos y SMS en AWS.

    Usa las credenciales de AWS de esta máquina.

    \b
    Ejemplo:
      alerta-utec subscriptions list --stage prod
    """


@subscriptions.command("list", cls=Command)
@stack_options
def list_(stage: str, stack: str | None, region: str | None) -> None:
    """Muestra las suscripciones de los dos temas y su estado.

    \b
    Ejemplo:
      alerta-utec subscriptions list --stage prod
    """
    name = stack_name(stage, stack)
    with explained(name):
        found = with_sdk(lambda: _connected(name, region))
        click.echo(f"Pila {safe(name)} en {safe(found.stack.region)}.")
        for output, topic in found.topics.items():
            click.echo(f"{_TOPICS[output]}:")
            for one in topic.list():
                click.echo(f"  {safe(one.endpoint)}  {one.protocol}  {_STATES[one.state.value]}")


@subscriptions.command(cls=Command)
@click.argument("token", metavar="TOKEN")
@stack_options
def confirm(token: str, stage: str, stack: str | None, region: str | None) -> None:
    """Confirma una suscripción, de modo que solo esta cuenta de AWS pueda darla de baja.

    TOKEN es el del correo "AWS Notification - Subscription Confirmation", o su enlace entero, sin
    abrirlo. Quien confirma abriendo el enlace puede darse de baja con un enlace que va en cada
    correo, y que también abren algunos filtros de correo.

    \b
    Ejemplo:
      alerta-utec subscriptions confirm 'https://sns.us-east-1.amazonaws.com/confirmation.html?…'
    """
    name, own = stack_name(stage, stack), _token(token)
    with explained(name):
        found = with_sdk(lambda: _connected(name, region))
        confirmed = _confirm(found, own)
    show_stored(f"Confirmada: {_TOPICS[confirmed]}.", "la suscripción está confirmada")


def _connected(name: str, region: str | None) -> "StackTopics":
    from alerta_utec.deployments.aws.topics import connect  # needs AWS's SDK

    return connect(name, region=region)


def _token(given: str) -> str:
    """Return the token, of a whole link too.

    Raises:
        Failure: the link has none.
    """
    if "://" not in given:
        return given
    tokens = parse_qs(urlsplit(given).query).get("Token")
    if not tokens:
        raise Failure("ese enlace no tiene un Token; use el del correo de confirmación.")
    return tokens[0]


def _confirm(found: "StackTopics", token: str) -> str:
    """Confirm the subscription of the token; return the output that names its topic.

    Raises:
        Failure: no topic of the stack knows the token.
    """
    for output, topic in found.topics.items():
        try:
            topic.confirm(token)
        except NotFound:
            continue
        return output
    raise Failure(
        "SNS no conoce ese token en los temas de la pila: es de otra, o caducó (a los 2 días).\n"
        'Otro llega al desplegar con el mismo --param="email=…" o "operatorsEmail=…".'
    )
