"""The translator of pydantic's errors into problems."""

from collections.abc import Mapping

from pydantic import ValidationError

from alerta_utec.domain.errors import Problem

_KEYS: Mapping[str, str] = {
    "missing": "missing",
    "string_type": "not_text",
    "string_unicode": "not_text",
    "string_too_short": "empty",
    "bool_type": "not_boolean",
    "model_type": "not_object",
    "model_attributes_type": "not_object",
    "dict_type": "not_object",
    **{
        key: key
        for key in (
            "not_one_of",
            "not_timestamp",
            "not_id",
            "not_text",
            "too_many_extras",
            "extras_too_large",
            "not_finite",
        )
    },
}


def problems_of(error: ValidationError, field: str = "") -> list[Problem]:
    """Translate each error, with its path, which begins with ``field``."""
    found = []
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join(filter(None, [field, *(str(part) for part in item["loc"])]))
        context = item.get("ctx", {})
        if item["type"] == "string_too_long":
            found.append(Problem(path, "too_long", {"max": context["max_length"]}))
        else:
            found.append(Problem(path, _KEYS.get(item["type"], "not_valid"), context))
    return found
