"""``alerta-utec webhooks``: who is told over HTTP."""

from collections.abc import Mapping
from typing import Any

import click

from alerta_utec.cli.deliveries import because
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.param_types import HTTP_URL
from alerta_utec.cli.program import Group
from alerta_utec.cli.terminal import moment, safe
from alerta_utec.cli.webhook_options import (
    Service,
    filter_of,
    filtered,
    of_service,
    webhook_description,
    webhook_id,
    webhook_secret,
)

_STATES: Mapping[str, str] = {
    "active": "activo",
    "paused": "en pausa",
    "gone": "retirado: el receptor respondió 410",
}


@click.group(cls=Group)
def webhooks() -> None:
    """Avisa por HTTP a otros sistemas de cada cambio.

    Es cosa de autoridad. Cómo se recibe y se comprueba lo que llega: docs/integrations.es.md.

    \b
    Ejemplos:
      alerta-utec webhooks add https://panel.example.edu/alertas --urgency high
      alerta-utec webhooks list
      alerta-utec webhooks test 0197a1b2-…
    """


@webhooks.command("list")
@of_service
def list_(service: Service) -> None:
    """Lista los webhooks.

    \b
    Ejemplo:
      alerta-utec webhooks list
    """
    service.tell_all(service.ask(lambda known: known.all()), _page, "No hay webhooks.")


@webhooks.command()
@click.argument("receiver", metavar="URL", type=HTTP_URL)
@filtered
@webhook_description
@webhook_secret
@of_service
def add(
    service: Service,
    /,
    receiver: str,
    description: str | None,
    secret: str | None,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Agrega un webhook, y muestra su secreto, esta vez y ninguna más.

    Oye desde ahora lo que le concierne: todo, o lo que diga el filtro.

    \b
    Ejemplos:
      alerta-utec webhooks add https://panel.example.edu/alertas
      alerta-utec webhooks add https://guardia.example.edu/ --urgency high,medium --location Patio
    """
    wanted = filter_of(filters)
    added = service.ask(
        lambda known: known.add(receiver, filter=wanted, description=description, secret=secret)
    )
    service.tell(added, _page(added))


@webhooks.command()
@webhook_id
@click.option("--to", "receiver", metavar="URL", type=HTTP_URL, help="La nueva dirección.")
@filtered
@webhook_description
@of_service
def change(
    service: Service,
    /,
    webhook_id: str,
    receiver: str | None,
    description: str | None,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Cambia la dirección, el filtro o la descripción.

    Un filtro nuevo sustituye entero al anterior; --urgency "" lo quita.

    \b
    Ejemplos:
      alerta-utec webhooks change 0197a1b2-… --to https://panel.example.edu/otra
      alerta-utec webhooks change 0197a1b2-… --urgency high --type humo
    """
    wanted = filter_of(filters)
    if receiver is None and description is None and wanted is None:
        raise usage_error("falta qué cambiar: --to, --description o el filtro.")
    changed = service.ask(
        lambda known: known.change(webhook_id, url=receiver, filter=wanted, description=description)
    )
    service.tell(changed, _page(changed))


@webhooks.command()
@webhook_id
@of_service
def remove(service: Service, webhook_id: str) -> None:
    """Elimina un webhook, con lo que se le debe.

    \b
    Ejemplo:
      alerta-utec webhooks remove 0197a1b2-…
    """
    service.ask(lambda known: known.remove(webhook_id))
    service.tell({"webhookId": webhook_id}, "Eliminado.")


@webhooks.command()
@webhook_id
@webhook_secret
@of_service
def rotate(service: Service, webhook_id: str, secret: str | None) -> None:
    """Cambia el secreto, y lo muestra; el anterior firma 24 horas más.

    Entretanto lo enviado lleva las dos firmas, para que el receptor cambie sin perder nada.

    \b
    Ejemplo:
      alerta-utec webhooks rotate 0197a1b2-…
    """
    rotated = service.ask(lambda known: known.rotate(webhook_id, secret=secret))
    service.tell(rotated, _page(rotated))


@webhooks.command()
@webhook_id
@of_service
def pause(service: Service, webhook_id: str) -> None:
    """Deja de enviar: lo que ocurra entretanto no llegará.

    \b
    Ejemplo:
      alerta-utec webhooks pause 0197a1b2-…
    """
    paused = service.ask(lambda known: known.change(webhook_id, state="paused"))
    service.tell(paused, _page(paused))


@webhooks.command()
@webhook_id
@of_service
def resume(service: Service, webhook_id: str) -> None:
    """Vuelve a enviar, desde ahora, lo que estaba en pausa o retirado.

    \b
    Ejemplo:
      alerta-utec webhooks resume 0197a1b2-…
    """
    resumed = service.ask(lambda known: known.change(webhook_id, state="active"))
    service.tell(resumed, _page(resumed))


@webhooks.command()
@webhook_id
@of_service
def failures(service: Service, webhook_id: str) -> None:
    """Lista lo que no se pudo entregar, lo último primero.

    \b
    Ejemplo:
      alerta-utec webhooks failures 0197a1b2-…
    """
    found = service.ask(lambda known: known.failures(webhook_id))
    service.tell_all(found, _failure, "Nada ha quedado sin entregar.")


@webhooks.command()
@webhook_id
@of_service
def retry(service: Service, webhook_id: str) -> None:
    """Envía ahora todo lo que no se pudo entregar, también lo que espera otro intento.

    \b
    Ejemplo:
      alerta-utec webhooks retry 0197a1b2-…
    """
    owed = service.ask(lambda known: known.retry(webhook_id))
    what = "1 cambio se enviará" if owed == 1 else f"{owed} cambios se enviarán"
    service.tell({"owed": owed}, f"{what} ahora.")


@webhooks.command()
@webhook_id
@of_service
def test(service: Service, webhook_id: str) -> None:
    """Envía ahora un suceso de prueba, y dice qué respondió el receptor.

    Termina con 0 si lo aceptó (2xx), y si no con 1. También vale en pausa.

    \b
    Ejemplo:
      alerta-utec webhooks test 0197a1b2-…
    """
    tried = service.ask(lambda known: known.test(webhook_id))
    answered, ms = tried.get("status"), safe(tried.get("ms"))
    said = because(tried.get("because")) if answered is None else f"HTTP {safe(answered)}"
    if service.as_json or tried.get("ok") is True:
        service.tell(tried, f"El receptor lo aceptó: {said}, en {ms} ms.")
    if tried.get("ok") is not True:
        raise Failure(f"el receptor no lo aceptó: {said}.")


def _page(webhook: Mapping[str, Any]) -> str:
    state, old = str(webhook.get("state")), webhook.get("oldSecretUntil")
    chosen = dict(webhook.get("filter") or {}).items()
    details = {
        "oye": "; ".join(f"{safe(name)}={safe(', '.join(v))}" for name, v in chosen) or "todo",
        "para": safe(webhook.get("description") or ""),
        "el secreto anterior firma hasta": old and moment(old),
        "secreto, que no se mostrará más": safe(webhook.get("secret") or ""),
    }
    told = (webhook.get("webhookId"), _STATES.get(state, state), webhook.get("url"))
    lines = ["  ".join(map(safe, told))]
    return "\n".join(lines + [f"  {name}: {value}" for name, value in details.items() if value])


def _failure(failure: Mapping[str, Any]) -> str:
    tries = failure.get("attempts")
    count = "1 intento" if tries == 1 else f"{safe(tries)} intentos"
    where = f"{safe(failure.get('incidentId'))} r{safe(failure.get('revision'))}"
    return f"{moment(failure.get('at'))}  {where}  {count}: {because(failure.get('because'))}"
