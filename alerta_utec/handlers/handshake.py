"""What a client states in its WebSocket handshake: its token, filter, language and origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import Lang, parse_lang, preferred_lang
from alerta_utec.domain.subprotocol import Subprotocol

_BEARER_PROTOCOL = "bearer."
_FILTERS = ("urgency", "status", "type", "location")


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's handshake.

    ``subprotocol``: the selected one; ``None``: the client offered none that the service has.
    """

    token: str | None
    token_in_query: bool
    filter: Filter
    lang: Lang
    origin: str | None
    host: str | None
    subprotocol: Subprotocol | None


def read_handshake(event: Mapping[str, Any]) -> Handshake:
    """Return the handshake of a ``$connect`` event.

    The token is in ``Authorization: Bearer``, in ``?token=`` or ``?key=``, or in a subprotocol
    ``bearer.<token>`` beside ``alerta.v2``: in one of these places only.

    Raises:
        Unauthorized: the token is in several places.
        InvalidRequest: the filter is malformed.
    """
    many = event.get("multiValueQueryStringParameters") or {}
    offers = ",".join(_header(event, "sec-websocket-protocol"))
    offered = [protocol.strip() for protocol in offers.split(",")]
    in_query = [*many.get("token", ()), *many.get("key", ())]
    tokens = [
        *(token for value in _header(event, "authorization") for token in bearer_tokens(value)),
        *in_query,
        *(p.removeprefix(_BEARER_PROTOCOL) for p in offered if p.startswith(_BEARER_PROTOCOL)),
    ]
    if len(tokens) > 1:
        raise Unauthorized("several_tokens")
    asked = {name: _split(name, many[name]) for name in _FILTERS if name in many}
    return Handshake(
        token=tokens[0] if tokens else None,
        token_in_query=bool(in_query),
        filter=Filter.parse(asked) if asked else EVERYTHING,
        lang=handshake_lang(event),
        origin=next(iter(_header(event, "origin")), None),
        host=next(iter(_header(event, "host")), None),
        subprotocol=Subprotocol.preferred(offered),
    )


def handshake_lang(event: Mapping[str, Any]) -> Lang:
    """Return the language of ``?lang=``, or else the one that ``Accept-Language`` prefers."""
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return parse_lang(query.get("lang")) or preferred_lang(headers.get("accept-language"))


def bearer_tokens(authorization: str | None) -> list[str]:
    """Return the token of an ``Authorization`` header (RFC 6750, section 2.1), if it has one.

    Other schemes are ignored: a proxy on the way may have a password of its own.
    """
    scheme, _, token = (authorization or "").partition(" ")
    return [token.strip()] if scheme.lower() == "bearer" and token.strip() else []


def _header(event: Mapping[str, Any], name: str) -> list[str]:
    """Return every value of a header, by its lower-case name."""
    many = event.get("multiValueHeaders")
    if many is None:
        many = {key: [value] for key, value in (event.get("headers") or {}).items()}
    return [value for key, values in many.items() if key.lower() == name for value in values]


def _split(name: str, values: list[str]) -> list[str]:
    """Split urgencies and statuses at commas; a location may have a comma in its name."""
    if name in ("urgency", "status"):
        return [word for value in values for word in value.split(",") if word]
    return values
