"""Text for a terminal: an incident as a line or a page, without characters that control it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from alerta_utec.domain.printable import safe as safe
from alerta_utec.domain.values import parse_time

# Shape, word and colour repeat each other: each is enough for a reader who misses the others.
URGENCY: Mapping[str, tuple[str, str, str]] = {
    "high": ("▲", "ALTA", "red"),
    "medium": ("■", "MEDIA", "yellow"),
    "low": ("○", "BAJA", "green"),
}
STATUS: Mapping[str, str] = {
    "pendiente": "pendiente",
    "en_atencion": "en atención",
    "resuelto": "resuelto",
}
DRILL = "SIMULACRO"


def urgency(value: object, *, width: int = 0) -> str:
    """Return an urgency as its shape and word, in its colour."""
    shape, word, colour = URGENCY.get(str(value), ("?", safe(value), "magenta"))
    return click.style(f"{shape} {word}".ljust(width), fg=colour, bold=colour == "red")


def moment(value: object) -> str:
    """Convert an RFC 3339 time to local time."""
    try:
        local: datetime = parse_time(str(value)).astimezone()
    except (ValueError, OverflowError, OSError):
        return safe(value)
    return f"{local:%Y-%m-%d %H:%M:%S}"


def incident_line(incident: Mapping[str, Any]) -> str:
    """Return an incident as one line: time, urgency, status, drill mark, place and type."""
    status = STATUS.get(str(incident.get("status")), safe(incident.get("status")))
    parts = [
        moment(incident.get("timestamp")),
        urgency(incident.get("urgency"), width=7),
        status.ljust(11),
        _drill() if incident.get("drill") is True else "",
        click.style(safe(incident.get("location")), bold=True),
        safe(incident.get("type")),
    ]
    line = "  ".join(part for part in parts if part)
    description = safe(" ".join(str(incident.get("description") or "").split()))
    if description:
        line += f": {description}"
    return f"{line}  {click.style('[' + safe(incident.get('incidentId')) + ']', dim=True)}"


def incident_page(incident: Mapping[str, Any]) -> str:
    """Return all fields of an incident, one in each line."""
    shown = {name: safe(_plain(value), lines=True) for name, value in incident.items()}
    shown["urgency"] = urgency(incident.get("urgency"))
    if incident.get("drill") is True:
        shown["drill"] = _drill()
    width = max(len(safe(name)) for name in shown) + 1
    indent = "\n" + " " * (width + 1)
    return "\n".join(
        f"{safe(name) + ':':<{width}} {value.replace(chr(10), indent)}"
        for name, value in shown.items()
    )


def history_line(entry: Mapping[str, Any]) -> str:
    """Return one step of an incident's history as a line."""
    moves = [
        f"{safe(name)}: {safe(before or '∅')} → {safe(after)}"
        for name, (before, after) in dict(entry.get("change") or {}).items()
    ]
    parts = [f"r{safe(entry.get('revision'))}", moment(entry.get("at")), ", ".join(moves)]
    parts += [safe(entry[name]) for name in ("by", "note") if entry.get(name)]
    return "  ".join(part for part in parts if part)


def _drill() -> str:
    return click.style(DRILL, fg="magenta", bold=True)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
