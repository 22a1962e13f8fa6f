"""The text of the e-mail about one incident."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.printable import safe
from alerta_utec.domain.values import unaccented
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.style import MessageStyle

# SNS Publish: "Subjects must be ASCII text … and must be less than 100 characters long".
SUBJECT_MAX = 99
SUBJECT_PREFIX = "[Alerta UTEC] "


def compose(change: Change, style: MessageStyle) -> Email:
    """Write the e-mail about ``change``, with campus time beside UTC.

    The same change gives the same e-mail, including its ``message_id``, so that a repeat can be
    recognised.
    """
    incident = change.after
    name = hashlib.sha256(incident.incident_id.encode()).hexdigest()[:32]
    return Email(
        message_id=f"<{name}.{incident.revision}@alerta-utec>",
        subject=_subject(change, style),
        body=_body(change, style),
        cut_note=style.cut_note(style.incident_page(incident.incident_id)),
    )


def _subject(change: Change, style: MessageStyle) -> str:
    incident = change.after
    head = style.say(
        "status.resuelto" if change.resolves() else f"urgency.{incident.urgency}"
    ).upper()
    if incident.drill:
        head = f"{style.say('drill')} - {head}"
    subject = f"{SUBJECT_PREFIX}{head}: {incident.type} - {incident.location}"
    return subject_line(subject)


def subject_line(text: str) -> str:
    """Make a subject of the text: one line of ASCII, cut at ``SUBJECT_MAX``."""
    ascii_only = _ascii(text)
    return ascii_only if len(ascii_only) <= SUBJECT_MAX else ascii_only[: SUBJECT_MAX - 3] + "..."


def _ascii(text: str) -> str:
    plain = unaccented(text)
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in plain)
    # An encoded word (RFC 2047) can hide line breaks, which some libraries write out.
    return printable.replace("=?", "= ?")


def _body(change: Change, style: MessageStyle) -> str:
    incident, say = change.after, style.say
    link = style.incident_page(incident.incident_id)
    fields = [
        (say("type"), incident.type),
        (say("location"), incident.location),
        (say("urgency"), say(f"urgency.{incident.urgency}")),
        (say("status"), say(f"status.{incident.status}")),
        *([(say("link"), link)] if link else []),
        (say("timestamp"), _both_times(incident.timestamp, style.timezone)),
        (say("created"), _both_times(incident.created_at, style.timezone)),
        (say("id"), incident.incident_id),
        (say("revision"), str(incident.revision)),
    ]
    width = max(len(label) for label, _ in fields)
    lines = [f"{say('drill')}: {say('opening.drill')}", ""] if incident.drill else []
    lines += [f"Alerta UTEC: {say(_opening(change))}", ""]
    lines += [f"{label + ':':<{width + 2}}{value}" for label, value in fields]
    if change.note is not None:
        lines += ["", say("note") + ":", change.note]
    lines += ["", say("description") + ":", incident.description or say("no_description")]
    if incident.extras:
        lines += ["", say("extras") + ":"]
        lines += [f"  {safe(name)}: {_value(value)}" for name, value in incident.extras.items()]
    return body_text(lines) + "\n"


def body_text(lines: Sequence[str]) -> str:
    """Join the lines, and show characters that control a terminal or the direction of text."""
    return safe("\n".join(lines).expandtabs(4), lines=True)


def _opening(change: Change) -> str:
    if change.resolves():
        return "opening.resolved"
    return "opening.new" if change.before is None else "opening.raised"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Further lines are indented, so that none passes for a field of the incident.
    return text.replace("\r\n", "\n").replace("\n", "\n    ")


def _both_times(moment: datetime, timezone: ZoneInfo) -> str:
    utc = moment.astimezone(UTC)
    return f"{local_time(moment, timezone)} ({timezone.key}) = {utc:%Y-%m-%d %H:%M:%S} UTC"


def local_time(moment: datetime, timezone: ZoneInfo) -> str:
    """Return the moment in campus time."""
    try:
        local = moment.astimezone(timezone)
    except OverflowError:  # the first or last hours of the years 1 to 9999
        local = moment
    return f"{local:%d/%m/%Y %H:%M:%S}"
