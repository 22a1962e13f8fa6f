"""The words for an incident in messages that people read, in Spanish and English."""

from collections.abc import Mapping

from alerta_utec.domain.messages import Lang

WORDS: Mapping[str, Mapping[Lang, str]] = {
    "urgency.low": {"es": "baja", "en": "low"},
    "urgency.medium": {"es": "media", "en": "medium"},
    "urgency.high": {"es": "alta", "en": "high"},
    "status.pendiente": {"es": "pendiente", "en": "pending"},
    "status.en_atencion": {"es": "en atención", "en": "being attended to"},
    "status.resuelto": {"es": "resuelto", "en": "resolved"},
    "drill": {"es": "SIMULACRO", "en": "DRILL"},
    "note": {"es": "Nota", "en": "Note"},
    "no_description": {"es": "(sin descripción)", "en": "(no description)"},
}
