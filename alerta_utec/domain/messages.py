"""The one catalogue of texts that people read, in Spanish and English."""

from collections.abc import Mapping
from typing import Any, Literal

Lang = Literal["es", "en"]
DEFAULT_LANG: Lang = "es"

TEXTS: Mapping[str, Mapping[Lang, str]] = {
    # One per error code.
    "bad_json": {
        "es": "El mensaje no es un objeto JSON válido.",
        "en": "The message is not a valid JSON object.",
    },
    "unknown_action": {
        "es": "Acción desconocida. Acciones válidas: {actions}.",
        "en": "Unknown action. Valid actions: {actions}.",
    },
    "invalid_request": {
        "es": "La solicitud tiene campos no válidos.",
        "en": "The request has fields that are not valid.",
    },
    "invalid_incident": {
        "es": "El incidente tiene campos no válidos.",
        "en": "The incident has fields that are not valid.",
    },
    "too_large": {
        "es": "El mensaje supera el límite de {limit} bytes.",
        "en": "The message is over the limit of {limit} bytes.",
    },
    "unauthorized": {
        "es": "Hace falta iniciar sesión.",
        "en": "Sign in first.",
    },
    "forbidden": {
        "es": "Su rol no permite esta acción.",
        "en": "Your role does not allow this action.",
    },
    "not_found": {
        "es": "No existe.",
        "en": "It does not exist.",
    },
    "conflict": {
        "es": "Ya existe con otro contenido o cambió entretanto; consulte su estado actual.",
        "en": "It exists with other content or has changed meanwhile; look at its current state.",
    },
    "invalid_transition": {
        "es": "El estado no puede cambiar de esa forma.",
        "en": "The status cannot move that way.",
    },
    "rate_limited": {
        "es": "Demasiadas solicitudes; espere un momento y repita.",
        "en": "Too many requests; wait a moment and repeat.",
    },
    "unavailable": {
        "es": "El servicio no pudo guardarlo ahora; repita con la misma clave.",
        "en": "The service could not store it now; repeat with the same key.",
    },
    "internal": {
        "es": "Error interno; el registro del servidor tiene el detalle.",
        "en": "Internal error; the server's log has the detail.",
    },
    # One per problem of a field.
    "missing": {"es": "falta", "en": "is missing"},
    "not_object": {"es": "debe ser un objeto JSON", "en": "must be a JSON object"},
    "not_text": {"es": "debe ser texto", "en": "must be text"},
    "empty": {"es": "no puede estar vacío", "en": "must not be empty"},
    "too_long": {
        "es": "admite {max} caracteres como máximo",
        "en": "takes {max} characters at most",
    },
    "too_many": {"es": "admite {max} valores como máximo", "en": "takes {max} values at most"},
    "not_one_of": {"es": "debe ser uno de: {allowed}", "en": "must be one of: {allowed}"},
    "not_timestamp": {
        "es": "debe ser una fecha y hora RFC 3339 con zona, como 2025-11-16T18:12:00Z",
        "en": "must be an RFC 3339 date and time with its zone, like 2025-11-16T18:12:00Z",
    },
    "not_id": {
        "es": "admite de 1 a 64 letras, cifras y los signos . _ : - y empieza por letra o cifra",
        "en": "takes 1 to 64 letters, digits and signs . _ : - and begins with letter or digit",
    },
    "reserved": {"es": "lo asigna el servidor", "en": "is set by the server"},
    "too_many_extras": {
        "es": "admite {max} campos adicionales como máximo",
        "en": "takes {max} additional fields at most",
    },
    "extras_too_large": {
        "es": "los campos adicionales juntos superan {max} bytes",
        "en": "the additional fields together are over {max} bytes",
    },
    "not_finite": {
        "es": "contiene un número que no es finito",
        "en": "contains a number that is not finite",
    },
    "not_number": {
        "es": "debe ser un número entero de {min} a {max}",
        "en": "must be a whole number from {min} to {max}",
    },
    "not_valid": {"es": "no es válido", "en": "is not valid"},
}


def text(key: str, lang: Lang = DEFAULT_LANG, /, **params: Any) -> str:
    """The text for ``key``, with its placeholders filled from ``params``.

    Raises:
        KeyError: there is no such text, or a placeholder has no value.
    """
    return TEXTS[key][lang].format_map(params)
