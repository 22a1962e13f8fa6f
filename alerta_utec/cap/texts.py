"""The texts of alerts in the Common Alerting Protocol, in Spanish and English."""

from collections.abc import Mapping

from alerta_utec.domain.incident_words import WORDS
from alerta_utec.domain.messages import Lang

CAP: Mapping[str, Mapping[Lang, str]] = {
    **WORDS,
    "language": {"es": "es-PE", "en": "en-US"},
    "test": {"es": "PRUEBA TÉCNICA", "en": "TECHNICAL TEST"},
    "headline": {
        "es": "Urgencia {urgency}: {type} - {location}",
        "en": "Urgency {urgency}: {type} - {location}",
    },
    "headline.resolved": {
        "es": "Resuelto: {type} - {location}",
        "en": "Resolved: {type} - {location}",
    },
    "instruction.high": {
        "es": "Aléjese del lugar y siga las indicaciones del personal.",
        "en": "Keep away from the place and do as the staff says.",
    },
    "instruction.other": {
        "es": "Esté atento a las novedades y a las indicaciones del personal.",
        "en": "Look out for news and for what the staff says.",
    },
    "instruction.resolved": {
        "es": "El incidente está resuelto: no hace falta ninguna medida.",
        "en": "The incident is resolved: nothing needs to be done.",
    },
    "restriction": {
        "es": "Solo para la comunidad de la universidad.",
        "en": "For the members of the university only.",
    },
}


def cap_text(key: str, lang: Lang, /, **params: str) -> str:
    """Return one text of a CAP alert, with its placeholders filled.

    Raises:
        KeyError: there is no such text, or a placeholder has no value.
    """
    return CAP[key][lang].format_map(params)
