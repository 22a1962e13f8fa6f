"""The e-mail about an incident, in words."""

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.ports import Email

# SNS Publish: "Subjects must be ASCII text … and must be less than 100 characters long".
SUBJECT_MAX = 99
_URGENCY = {Urgency.LOW: "BAJA", Urgency.MEDIUM: "MEDIA", Urgency.HIGH: "ALTA"}
_STATUS = {
    Status.PENDIENTE: "pendiente",
    Status.EN_ATENCION: "en atención",
    Status.RESUELTO: "resuelto",
}


def compose(change: Change, timezone: ZoneInfo) -> Email:
    """The e-mail about ``change``, with the campus's time beside UTC.

    The same change gives the same e-mail, ``message_id`` included, so that a repeat can be
    recognised.
    """
    incident = change.after
    name = hashlib.sha256(incident.incident_id.encode()).hexdigest()[:32]
    return Email(
        message_id=f"<{name}.{incident.revision}@alerta-utec>",
        subject=_subject(incident, resolved=change.resolves()),
        body=_body(change, timezone),
        attributes={
            "urgency": incident.urgency.value,
            "type": incident.type,
            "location": incident.location,
        },
    )


def _subject(incident: Incident, *, resolved: bool) -> str:
    head = "RESUELTO" if resolved else _URGENCY[incident.urgency]
    subject = f"[Alerta UTEC] {head}: {incident.type} - {incident.location}"
    ascii_only = _ascii(subject)
    return ascii_only if len(ascii_only) <= SUBJECT_MAX else ascii_only[: SUBJECT_MAX - 3] + "..."


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in plain)


def _body(change: Change, timezone: ZoneInfo) -> str:
    incident = change.after
    fields = [
        ("Tipo", incident.type),
        ("Lugar", incident.location),
        ("Urgencia", _URGENCY[incident.urgency].lower()),
        ("Estado", _STATUS[incident.status]),
        ("Fecha y hora", _both_times(incident.timestamp, timezone)),
        ("Registrado", _both_times(incident.created_at, timezone)),
        ("Identificador", incident.incident_id),
        ("Revisión", str(incident.revision)),
    ]
    width = max(len(label) for label, _ in fields)
    lines = [f"Alerta UTEC: {_opening(change)}", ""]
    lines += [f"{label + ':':<{width + 2}}{value}" for label, value in fields]
    if change.note is not None:
        lines += ["", "Nota:", change.note]
    lines += ["", "Descripción:", incident.description or "(sin descripción)"]
    if incident.extras:
        lines += ["", "Otros datos:"]
        lines += [f"  {name}: {_value(value)}" for name, value in incident.extras.items()]
    return "\n".join(lines) + "\n"


def _opening(change: Change) -> str:
    if change.resolves():
        return "el incidente está resuelto."
    if change.before is not None:
        return "la urgencia de un incidente ha subido."
    return "hay un incidente que atender."


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _both_times(moment: datetime, timezone: ZoneInfo) -> str:
    try:
        local = moment.astimezone(timezone)
    except OverflowError:  # the first or last hours of the years 1 to 9999
        local = moment
    utc = moment.astimezone(UTC)
    return f"{local:%d/%m/%Y %H:%M:%S} ({timezone.key}) = {utc:%Y-%m-%d %H:%M:%S} UTC"
