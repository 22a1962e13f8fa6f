"""Text for a terminal: incidents in a line or a page, and nothing that commands the terminal."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from alerta_utec.domain.values import parse_time

# Shape, word and colour say the same, so that none of them is needed.
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
# Control, format (some turn the direction of text), surrogate, line and paragraph separator.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of ordinary words and emoji


def safe(text: object, *, lines: bool = False) -> str:
    """``text`` with every character that a terminal might obey made visible, as ``\\u202e``.

    JSON stays the same JSON. Line breaks stay where ``lines``.
    """
    return "".join(
        character if _harmless(character) or (lines and character == "\n") else _shown(character)
        for character in str(text)
    )


def _harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


def _shown(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    return "".join(rf"\u{unit}" for unit in units)


def urgency(value: object, *, width: int = 0) -> str:
    """An urgency as its shape and word, in its colour."""
    shape, word, colour = URGENCY.get(str(value), ("?", safe(value), "magenta"))
    return click.style(f"{shape} {word}".ljust(width), fg=colour, bold=colour == "red")


def moment(value: object) -> str:
    """An RFC 3339 time as the time of this machine."""
    try:
        local: datetime = parse_time(str(value)).astimezone()
    except (ValueError, OverflowError, OSError):
        return safe(value)
    return f"{local:%Y-%m-%d %H:%M:%S}"


def incident_line(incident: Mapping[str, Any]) -> str:
    """An incident in one line: when, how urgent, status, whether it is a drill, where, what."""
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
    """Every field of an incident, one a line."""
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
    """One step of an incident's history."""
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
