"""The texts of e-mails and text messages, in Spanish and English."""

from collections.abc import Mapping
from typing import Any

from alerta_utec.domain.incident_words import WORDS
from alerta_utec.domain.messages import Lang

EMAIL: Mapping[str, Mapping[Lang, str]] = {
    **WORDS,
    "opening.drill": {
        "es": "no es una emergencia real.",
        "en": "this is no real emergency.",
    },
    "opening.new": {
        "es": "hay un incidente que atender.",
        "en": "there is an incident to attend to.",
    },
    "opening.raised": {
        "es": "la urgencia de un incidente ha subido.",
        "en": "an incident has become more urgent.",
    },
    "opening.resolved": {
        "es": "el incidente está resuelto.",
        "en": "the incident is resolved.",
    },
    "type": {"es": "Tipo", "en": "Type"},
    "location": {"es": "Lugar", "en": "Place"},
    "urgency": {"es": "Urgencia", "en": "Urgency"},
    "status": {"es": "Estado", "en": "Status"},
    "timestamp": {"es": "Fecha y hora", "en": "Date and time"},
    "created": {"es": "Registrado", "en": "Taken in"},
    "id": {"es": "Identificador", "en": "Identifier"},
    "revision": {"es": "Revisión", "en": "Revision"},
    "description": {"es": "Descripción", "en": "Description"},
    "extras": {"es": "Otros datos", "en": "Other data"},
    "cut": {
        "es": "[… cortado: el texto completo está en el panel]",
        "en": "[… cut: the whole text is in the panel]",
    },
    "cut.link": {
        "es": "[… cortado: el texto completo está en {link} ]",
        "en": "[… cut: the whole text is at {link} ]",
    },
    "link": {"es": "En el panel", "en": "In the panel"},
    "digest.subject": {"es": "{count} incidentes más", "en": "{count} more incidents"},
    "digest.opening": {
        "es": "hay {count} incidentes más que atender.",
        "en": "there are {count} more incidents to attend to.",
    },
    "digest.why": {
        "es": "Llegaron muchos avisos en poco tiempo: estos van juntos. Horas de {zone}.",
        "en": "Many notices came in a short time: these go together. Times of {zone}.",
    },
    "digest.more": {
        "es": "Y {count} más, que están en el panel.",
        "en": "And {count} more, which the panel has.",
    },
    "digest.panel": {"es": "Todos están en {link}", "en": "All of them are at {link}"},
}


def email_text(key: str, lang: Lang, /, **params: Any) -> str:
    """Return one text of an e-mail, with its placeholders filled.

    Raises:
        KeyError: there is no such text, or a placeholder has no value.
    """
    return EMAIL[key][lang].format_map(params)
