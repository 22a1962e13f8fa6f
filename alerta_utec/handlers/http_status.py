"""The HTTP status (RFC 9110) of each error code."""

from collections.abc import Mapping

STATUS: Mapping[str, int] = {
    "bad_json": 400,
    "unknown_action": 404,
    "invalid_request": 400,
    "invalid_incident": 422,
    "too_large": 413,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "invalid_transition": 409,
    "unsupported_media_type": 415,
    "misdirected_request": 421,
    "rate_limited": 429,
    "unavailable": 503,
    "internal": 500,
}
