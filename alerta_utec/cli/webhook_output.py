"""Webhooks and their failures as the command line shows them."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.cli.deliveries import reason_text
from alerta_utec.cli.terminal import moment, safe

_STATES: Mapping[str, str] = {
    "active": "activo",
    "paused": "en pausa",
    "gone": "retirado: el receptor respondió 410",
}


def webhook_page(webhook: Mapping[str, Any]) -> str:
    """Return a webhook as text: a line, and what more there is to say of it."""
    state, old = str(webhook.get("state")), webhook.get("oldSecretUntil")
    chosen = dict(webhook.get("filter") or {}).items()
    details = {
        "oye": "; ".join(f"{safe(name)}={safe(', '.join(v))}" for name, v in chosen) or "todo",
        "para": safe(webhook.get("description") or ""),
        "formato": _other_format(webhook),
        "agregado por": safe(webhook.get("createdBy") or ""),
        "el secreto anterior firma hasta": old and moment(old),
        "secreto, que no se mostrará más": safe(webhook.get("secret") or ""),
    }
    summary = (webhook.get("webhookId"), _STATES.get(state, state), webhook.get("url"))
    lines = ["  ".join(map(safe, summary))]
    return "\n".join(lines + [f"  {name}: {value}" for name, value in details.items() if value])


def _other_format(webhook: Mapping[str, Any]) -> str:
    content_format = str(webhook.get("format", "json"))
    return "" if content_format == "json" else safe(content_format)


def failure_line(failure: Mapping[str, Any]) -> str:
    """Return a line about an event that was not delivered."""
    attempts = failure.get("attempts")
    count = "1 intento" if attempts == 1 else f"{safe(attempts)} intentos"
    where = f"{safe(failure.get('incidentId'))} r{safe(failure.get('revision'))}"
    return f"{moment(failure.get('at'))}  {where}  {count}: {reason_text(failure)}"
