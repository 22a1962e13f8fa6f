"""The delivery records of an incident as text."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.cli.terminal import moment, safe

_RESULTS: Mapping[str, str] = {
    "sent": "enviado",
    "failed": "falló y se reintenta",
    "given_up": "abandonado sin enviarse",
    "suppressed": "no se envía",
    "pending": "pendiente",
    "held": "retenido",
}
# Why a webhook got no event. An answer is its own reason (``HTTP 503``) and is not listed here.
_WEBHOOK_REASONS: Mapping[str, str] = {
    "timeout": "no respondió a tiempo",
    "unreachable": "no se puede conectar",
    "unknown_host": "no existe un servidor de ese nombre",
    "tls": "su certificado no es válido",
    "private_address": "es una dirección interna, que no se permite",
    "not_http": "lo que responde no es HTTP",
    "internal": "un error interno; el registro del servidor tiene el detalle",
    "paused": "está en pausa",
    "gone": "está retirado",
}
# Why an e-mail is held back, or has no recipient.
_EMAIL_REASONS: Mapping[str, str] = {
    "grouped": "se junta con otros del mismo tipo y lugar",
    "limit": "se junta con otros: hubo muchos en poco tiempo",
    "no_rule": "ninguna regla le da destinatario",
}


def delivery_line(delivery: Mapping[str, Any]) -> str:
    """Describe how one change was delivered on one channel, in a line."""
    channel, _, receiver = str(delivery.get("channel")).partition(":")
    if channel == "broadcast":
        text = f"difusión  {_broadcast(delivery)}"
    elif channel == "email":
        text = f"correo    {_email(delivery)}"
    elif channel == "webhook":
        text = f"webhook   {safe(receiver)}  {_result(delivery)}"
    else:
        text = safe(channel)
    return "  ".join([f"r{safe(delivery.get('revision'))}", moment(delivery.get("at")), text])


def reason_text(record: Mapping[str, Any]) -> str:
    """Return the reason in a record of the service in words; empty without a reason."""
    reason = record.get("reason", record.get("because"))
    if not reason:
        return ""
    return _WEBHOOK_REASONS.get(str(reason)) or _EMAIL_REASONS.get(str(reason)) or safe(reason)


def _email(delivery: Mapping[str, Any]) -> str:
    """Describe the e-mails in sum, and each of them if there are several recipients."""
    counts, recipients = delivery.get("counts"), delivery.get("recipients")
    if isinstance(counts, Mapping):
        text = "; ".join(
            f"{_RESULTS.get(name, safe(name))}: {safe(n)}" for name, n in counts.items()
        )
    else:
        text = _result(delivery)
    if not isinstance(recipients, list):
        return text
    if len(recipients) == 1:
        return f"{text}  ({safe(recipients[0].get('to'))})"
    lines = [f"    {safe(one.get('to'))}: {_result(one)}" for one in recipients]
    return "\n".join([text, *lines])


def _broadcast(delivery: Mapping[str, Any]) -> str:
    delivered, attempted = delivery.get("delivered"), delivery.get("attempted")
    if attempted == 0:
        return "no había nadie conectado"
    whole = "1 conexión" if attempted == 1 else f"{safe(attempted)} conexiones"
    parts = [f"entregado a {safe(delivered)} de {whole}, en {safe(delivery.get('ms'))} ms"]
    for name, one, many in (
        ("gone", "se había ido", "se habían ido"),
        ("throttled", "leía demasiado despacio", "leían demasiado despacio"),
        ("failed", "falló", "fallaron"),
        ("pending", "está pendiente", "están pendientes"),
    ):
        if count := delivery.get(name):
            parts.append(f"{safe(count)} {one if count == 1 else many}")
    return "; ".join(parts)


def _result(delivery: Mapping[str, Any]) -> str:
    result = str(delivery.get("result"))
    text = _RESULTS.get(result, safe(result))
    attempts = delivery.get("attempts")
    if isinstance(attempts, int) and attempts > 1:
        text += f", tras {attempts} intentos"
    others, reason = delivery.get("with"), reason_text(delivery)
    if isinstance(others, int) and others > 0:
        text += f", junto con {others} más"
    if delivery.get("until"):
        text += f" hasta {moment(delivery['until'])}"
    return f"{text}: {reason}" if reason else text
