"""The catalogue of texts that people read, in Spanish and English."""

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
    "foreign_origin": {
        "es": "Una página de ese origen no puede usar el servicio; lo permite --origin.",
        "en": "A page of that origin may not use the service; --origin allows it.",
    },
    "unsupported_media_type": {
        "es": "Una página web debe enviar los datos con Content-Type: application/json.",
        "en": "A web page must send its data with Content-Type: application/json.",
    },
    "misdirected_request": {
        "es": "El servicio no atiende ese nombre. Si es el suyo, indíquelo al iniciarlo con "
        "--public-url (ALERTA_PUBLIC_URL).",
        "en": "The service does not answer to that name. If it is yours, start the service with "
        "--public-url (ALERTA_PUBLIC_URL).",
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
    "not_rate": {
        "es": "debe tener perSecond y burst, y nada más",
        "en": "must have perSecond and burst, and nothing else",
    },
    "out_of_range": {
        "es": "debe ser un número de {min} a {max}",
        "en": "must be a number from {min} to {max}",
    },
    "in_past": {"es": "ya pasó", "en": "is in the past"},
    "too_many_keys": {
        "es": "ya hay {max} claves; revoque alguna",
        "en": "there are {max} keys already; revoke one",
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
    "not_boolean": {"es": "debe ser true o false", "en": "must be true or false"},
    "not_url": {
        "es": "debe ser una URL http o https, sin usuario, contraseña ni fragmento",
        "en": "must be an http or https URL, without user, password or fragment",
    },
    "not_secret": {
        "es": "debe ser whsec_ y de 24 a 64 bytes en base64",
        "en": "must be whsec_ and 24 to 64 bytes in base64",
    },
    "test_in_progress": {
        "es": "ya hay una prueba en curso; espere a que termine",
        "en": "a test is in progress; wait for it to end",
    },
    "not_uuid": {
        "es": "debe ser un UUID, o faltar: su rol no elige otros identificadores",
        "en": "must be a UUID, or be left out: your role does not choose other ids",
    },
    "too_many_revisions": {
        "es": "el incidente ya tiene {max} revisiones: solo puede avanzar hacia resuelto o subir "
        "de urgencia; para lo demás, reporte otro",
        "en": "the incident has {max} revisions already: it can only move towards resuelto or "
        "become more urgent; for anything else, report another",
    },
    "too_many_webhooks": {
        "es": "admite {max} webhooks como máximo; elimine alguno",
        "en": "takes {max} webhooks at most; remove one",
    },
    "not_valid": {"es": "no es válido", "en": "is not valid"},
}


def parse_lang(value: str | None) -> Lang | None:
    """Return the language of a tag such as ``en-US`` (RFC 5646), or ``None`` for any other."""
    primary = (value or "").strip().lower().partition("-")[0]
    return "es" if primary == "es" else "en" if primary == "en" else None


def preferred_lang(accept_language: str | None) -> Lang:
    """Return the preferred language of ``Accept-Language`` (RFC 9110, 12.5.4), or Spanish."""
    best: tuple[float, Lang] = (0.0, DEFAULT_LANG)
    for part in (accept_language or "")[:200].split(","):
        tag, _, weight = part.partition(";q=")
        lang = parse_lang(tag)
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if lang is not None and best[0] < quality <= 1:
            best = (quality, lang)
    return best[1]


def text(key: str, lang: Lang = DEFAULT_LANG, /, **params: Any) -> str:
    """Return the text for ``key``, with its placeholders filled from ``params``.

    Raises:
        KeyError: there is no such text, or a placeholder has no value.
    """
    return TEXTS[key][lang].format_map(params)
