"""Showing a webhook's secret, which the service gives once."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.cli.errors import Failure
from alerta_utec.cli.output import try_to_show, warn_unshown
from alerta_utec.cli.service import Service
from alerta_utec.cli.terminal import safe
from alerta_utec.cli.webhook_output import webhook_page


def show_added(service: Service, added: Mapping[str, Any], *, has_own_secret: bool) -> None:
    """Print the added webhook; take it back if that cannot show the only copy of its secret.

    Raises:
        Failure: it was not shown, and is taken back.
    """
    reason = try_to_show(service.written(added, webhook_page(added)))
    if reason is None:
        return None
    webhook_id = str(added.get("webhookId"))
    if has_own_secret:
        return warn_unshown(f"el webhook está agregado ({safe(webhook_id)})", reason)
    try:
        service.ask(lambda alerta: alerta.webhooks.remove(webhook_id))
    except Failure as error:
        raise Failure(
            f"el webhook está agregado, pero no se pudo mostrar su secreto: {reason}. Elimínelo: "
            f"alerta-utec webhooks remove {safe(webhook_id)} (ahora no se pudo: {error.message})"
        ) from error
    raise Failure(f"no se pudo mostrar su secreto: {reason}. El webhook se quitó; repita.")


def show_rotated(service: Service, rotated: Mapping[str, Any], *, has_own_secret: bool) -> None:
    """Print the webhook with its new secret; on standard error, if that is the only way.

    A further rotation would make the one void that the receiver has.
    """
    text = service.written(rotated, webhook_page(rotated))
    reason = try_to_show(text)
    if reason is not None:
        warn_unshown("el secreto está cambiado", reason)
        if not has_own_secret:
            try_to_show(text, err=True)
