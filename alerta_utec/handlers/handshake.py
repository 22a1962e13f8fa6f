"""What a client says in its handshake: who it is, and what it wants to hear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import Lang, parse_lang, preferred_lang

SUBPROTOCOL = "alerta.v1"
_BEARER_PROTOCOL = "bearer."
_FILTERS = ("urgency", "status", "type", "location")


@dataclass(frozen=True, slots=True)
class Handshake:
    """``answer``: headers of the response; the only subprotocol ever selected is ours."""

    token: str | None
    wanted: Filter
    lang: Lang
    origin: str | None
    host: str | None
    answer: Mapping[str, str]


def read_handshake(event: Mapping[str, Any]) -> Handshake:
    """The handshake in a ``$connect`` event.

    The token comes as ``Authorization: Bearer``, as ``?token=``, or as a subprotocol
    ``bearer.<token>`` beside ``alerta.v1``: in one place only.

    Raises:
        Unauthorized: it comes in several places.
        InvalidRequest: a filter that is none.
    """
    many = event.get("multiValueQueryStringParameters") or {}
    offers = ",".join(_header(event, "sec-websocket-protocol"))
    offered = [protocol.strip() for protocol in offers.split(",")]
    tokens = [
        *(token for value in _header(event, "authorization") for token in bearer_tokens(value)),
        *many.get("token", ()),
        *(p.removeprefix(_BEARER_PROTOCOL) for p in offered if p.startswith(_BEARER_PROTOCOL)),
    ]
    if len(tokens) > 1:
        raise Unauthorized("several tokens")
    asked = {name: _split(name, many[name]) for name in _FILTERS if name in many}
    return Handshake(
        token=tokens[0] if tokens else None,
        wanted=Filter.parse(asked) if asked else EVERYTHING,
        lang=handshake_lang(event),
        origin=next(iter(_header(event, "origin")), None),
        host=next(iter(_header(event, "host")), None),
        answer={"Sec-WebSocket-Protocol": SUBPROTOCOL} if SUBPROTOCOL in offered else {},
    )


def handshake_lang(event: Mapping[str, Any]) -> Lang:
    """``?lang=es`` or ``en``, or what ``Accept-Language`` likes best."""
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return parse_lang(query.get("lang")) or preferred_lang(headers.get("accept-language"))


def bearer_tokens(authorization: str | None) -> list[str]:
    """The token of an ``Authorization`` header (RFC 6750, section 2.1), if it has one.

    Other schemes are for somebody on the way, such as a proxy with a password of its own.
    """
    scheme, _, token = (authorization or "").partition(" ")
    return [token.strip()] if scheme.lower() == "bearer" and token.strip() else []


def _header(event: Mapping[str, Any], name: str) -> list[str]:
    """Every value of a header, by its lower-case name."""
    many = event.get("multiValueHeaders")
    if many is None:
        many = {key: [value] for key, value in (event.get("headers") or {}).items()}
    return [value for key, values in many.items() if key.lower() == name for value in values]


def _split(name: str, values: list[str]) -> list[str]:
    """Words may be joined by commas; a place may have one in its name."""
    if name in ("urgency", "status"):
        return [word for value in values for word in value.split(",") if word]
    return values
