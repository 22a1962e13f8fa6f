"""The schemas of keys in the OpenAPI document."""

from alerta_utec.domain.policy import Scope
from alerta_utec.handlers.openapi.schemas import TEXT, TIME, Schema, object_of
from alerta_utec.handlers.operations import ref
from alerta_utec.sign_in.key_request import BURST_MAX, NAME_MAX, PER_S_MAX

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": NAME_MAX}
_SCOPES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"enum": list(Scope)},
    "description": "What the key opens; it never shows people's names",
}
_FILTER: Schema = {
    "allOf": [ref("Filter")],
    "description": "The key reads, receives, reports and updates only incidents that match",
}
_RATE: Schema = {
    **object_of(
        {
            "perSecond": {"type": "number", "exclusiveMinimum": 0, "maximum": PER_S_MAX},
            "burst": {"type": "integer", "minimum": 1, "maximum": BURST_MAX},
        }
    ),
    "additionalProperties": False,
    "description": "How often it may submit",
}
_TOKEN: Schema = {
    "type": "string",
    "pattern": "^ak_[a-z2-7]{16}_[a-z2-7]{52}$",
    "description": "The bearer token; shown once, in this response",
}


def schemas() -> dict[str, Schema]:
    """Return the schemas that only keys use, by name."""
    key = object_of(
        {
            "keyId": TEXT,
            "name": _NAME,
            "scopes": _SCOPES,
            "filter": _FILTER,
            "rate": _RATE,
            "createdAt": TIME,
        },
        {"createdBy": TEXT, "expiresAt": TIME, "lastUsedAt": TIME},
    )
    return {
        "Key": key,
        "KeyList": object_of({"keys": {"type": "array", "items": ref("Key")}}),
        "KeyToMake": object_of(
            {"name": _NAME, "scopes": _SCOPES},
            {"filter": ref("Filter"), "expiresAt": TIME, "rate": _RATE},
        ),
        "KeyWithToken": {"allOf": [ref("Key"), object_of({"key": _TOKEN})]},
    }
