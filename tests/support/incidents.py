"""Incidents to submit in tests."""

import uuid
from typing import Any

# The message of the founding document, as written there.
SEED_MESSAGE = (
    '{"action":"notify","incident":{"type":"prueba","location":"Laboratorio A",'
    '"description":"Mensaje de prueba en tiempo real","urgency":"high","status":"pendiente",'
    '"timestamp":"2025-11-16T18:12:00Z"}}'
)
SEED_INCIDENT = {
    "type": "prueba",
    "location": "Laboratorio A",
    "description": "Mensaje de prueba en tiempo real",
    "urgency": "high",
    "status": "pendiente",
    "timestamp": "2025-11-16T18:12:00Z",
}


def unique(word: str = "t") -> str:
    """Return a word that no other test uses."""
    return f"{word}-{uuid.uuid4().hex[:12]}"


def incident(**fields: Any) -> dict[str, Any]:
    """Return a valid incident of low urgency, changed by ``fields``."""
    return {"type": "prueba", "location": "Laboratorio A", "urgency": "low"} | fields


def has(frame: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Return whether a frame is an ``incident_update`` whose incident has these fields."""
    if frame.get("type") != "incident_update":
        return False
    return bool(fields.items() <= frame["incident"].items())
