"""``alerta-utec webhooks``: manage the receivers of changes over HTTP."""

import click

from alerta_utec.cli.deliveries import reason_text
from alerta_utec.cli.errors import Failure, usage_error
from alerta_utec.cli.param_types import HTTP_URL
from alerta_utec.cli.program import Group
from alerta_utec.cli.service import Service, filter_of, with_filter, with_service
from alerta_utec.cli.terminal import safe
from alerta_utec.cli.webhook_options import (
    webhook_description,
    webhook_format,
    webhook_id,
    webhook_secret,
)
from alerta_utec.cli.webhook_output import failure_line, webhook_page
from alerta_utec.cli.webhook_secrets import show_added, show_rotated


@click.group(cls=Group)
def webhooks() -> None:
    """Avisa de cada cambio a otros sistemas, por HTTP.

    Requiere el rol autoridad. Cómo se reciben y verifican los eventos: docs/integrations.es.md.

    \b
    Ejemplos:
      alerta-utec webhooks add https://panel.example.edu/alertas --urgency high
      alerta-utec webhooks list
      alerta-utec webhooks test 0197a1b2-…
    """


@webhooks.command("list")
@with_service
def list_(service: Service) -> None:
    """Lista los webhooks.

    \b
    Ejemplo:
      alerta-utec webhooks list
    """
    service.show_all(
        service.ask(lambda alerta: alerta.webhooks.all()), webhook_page, "No hay webhooks."
    )


@webhooks.command()
@click.argument("receiver", metavar="URL", type=HTTP_URL)
@with_filter
@webhook_description
@webhook_format
@webhook_secret
@with_service
def add(
    service: Service,
    /,
    receiver: str,
    description: str | None,
    content_format: str | None,
    secret: str | None,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Agrega un webhook y muestra su secreto, solo esta vez.

    Recibe los cambios desde ahora: todos, o los que pasen el filtro.

    \b
    Ejemplos:
      alerta-utec webhooks add https://panel.example.edu/alertas
      alerta-utec webhooks add https://guardia.example.edu/ --urgency high,medium --location Patio
    """
    wanted = filter_of(filters)
    added = service.ask(
        lambda alerta: alerta.webhooks.add(
            receiver,
            filter=wanted,
            description=description,
            format=content_format,
            secret=secret,
        )
    )
    show_added(service, added, has_own_secret=secret is not None)


@webhooks.command()
@webhook_id
@click.option("--to", "receiver", metavar="URL", type=HTTP_URL, help="La nueva dirección.")
@with_filter
@webhook_description
@webhook_format
@with_service
def change(
    service: Service,
    /,
    webhook_id: str,
    receiver: str | None,
    description: str | None,
    content_format: str | None,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Cambia la dirección, el filtro, la descripción o el formato.

    Un filtro nuevo reemplaza por completo al anterior; --urgency "" lo quita.

    \b
    Ejemplos:
      alerta-utec webhooks change 0197a1b2-… --to https://panel.example.edu/otra
      alerta-utec webhooks change 0197a1b2-… --urgency high --type humo
    """
    wanted = filter_of(filters)
    if receiver is None and description is None and content_format is None and wanted is None:
        raise usage_error("falta qué cambiar: --to, --description, --format o el filtro.")
    changed = service.ask(
        lambda alerta: alerta.webhooks.change(
            webhook_id,
            url=receiver,
            filter=wanted,
            description=description,
            format=content_format,
        )
    )
    service.show_stored(changed, webhook_page(changed), "el webhook está cambiado")


@webhooks.command()
@webhook_id
@with_service
def remove(service: Service, webhook_id: str) -> None:
    """Elimina un webhook y sus eventos pendientes.

    \b
    Ejemplo:
      alerta-utec webhooks remove 0197a1b2-…
    """
    service.ask(lambda alerta: alerta.webhooks.remove(webhook_id))
    service.show_stored({"webhookId": webhook_id}, "Eliminado.", "el webhook está eliminado")


@webhooks.command()
@webhook_id
@webhook_secret
@with_service
def rotate(service: Service, webhook_id: str, secret: str | None) -> None:
    """Cambia el secreto y lo muestra; el anterior sigue firmando 24 horas.

    En ese tiempo cada evento lleva las dos firmas, para que el receptor cambie sin perder nada.

    \b
    Ejemplo:
      alerta-utec webhooks rotate 0197a1b2-…
    """
    rotated = service.ask(lambda alerta: alerta.webhooks.rotate(webhook_id, secret=secret))
    show_rotated(service, rotated, has_own_secret=secret is not None)


@webhooks.command()
@webhook_id
@with_service
def pause(service: Service, webhook_id: str) -> None:
    """Deja de enviar: los cambios que ocurran entretanto no llegarán.

    \b
    Ejemplo:
      alerta-utec webhooks pause 0197a1b2-…
    """
    paused = service.ask(lambda alerta: alerta.webhooks.change(webhook_id, state="paused"))
    service.show_stored(paused, webhook_page(paused), "el webhook está en pausa")


@webhooks.command()
@webhook_id
@with_service
def resume(service: Service, webhook_id: str) -> None:
    """Vuelve a enviar, desde ahora, a un webhook en pausa o retirado.

    \b
    Ejemplo:
      alerta-utec webhooks resume 0197a1b2-…
    """
    resumed = service.ask(lambda alerta: alerta.webhooks.change(webhook_id, state="active"))
    service.show_stored(resumed, webhook_page(resumed), "el webhook está activo")


@webhooks.command()
@webhook_id
@with_service
def failures(service: Service, webhook_id: str) -> None:
    """Lista los eventos que no se pudieron entregar, primero el más reciente.

    \b
    Ejemplo:
      alerta-utec webhooks failures 0197a1b2-…
    """
    found = service.ask(lambda alerta: alerta.webhooks.failures(webhook_id))
    service.show_all(found, failure_line, "Nada ha quedado sin entregar.")


@webhooks.command()
@webhook_id
@with_service
def retry(service: Service, webhook_id: str) -> None:
    """Reenvía ahora todos los eventos sin entregar, también los que esperan otro intento.

    \b
    Ejemplo:
      alerta-utec webhooks retry 0197a1b2-…
    """
    pending = service.ask(lambda alerta: alerta.webhooks.retry(webhook_id))
    text = "1 cambio se enviará" if pending == 1 else f"{pending} cambios se enviarán"
    service.show_stored({"owed": pending}, f"{text} ahora.", "el reenvío está en marcha")


@webhooks.command()
@webhook_id
@with_service
def test(service: Service, webhook_id: str) -> None:
    """Envía ahora un evento de prueba y muestra la respuesta del receptor.

    Termina con 0 si lo aceptó (2xx), y si no con 1. También funciona en pausa.

    \b
    Ejemplo:
      alerta-utec webhooks test 0197a1b2-…
    """
    attempt = service.ask(lambda alerta: alerta.webhooks.test(webhook_id))
    status, ms = attempt.get("status"), safe(attempt.get("ms"))
    outcome = reason_text(attempt) if status is None else f"HTTP {safe(status)}"
    if service.as_json or attempt.get("ok") is True:
        service.show(attempt, f"El receptor lo aceptó: {outcome}, en {ms} ms.")
    if attempt.get("ok") is not True:
        raise Failure(f"el receptor no lo aceptó: {outcome}.")
