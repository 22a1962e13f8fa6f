"""The JSON of messages on the socket and over HTTP, shared by server and client.

Frames are compact JSON in UTF-8, as ``str``. Shapes: see docs/protocol.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from alerta_utec.domain.errors import (
    AlertaError,
    BadJson,
    InvalidRequest,
    Problem,
    RateLimited,
    TooLarge,
    UnknownAction,
)
from alerta_utec.domain.messages import DEFAULT_LANG, Lang, text
from alerta_utec.domain.values import format_time

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change, Position

# API Gateway quotas, "WebSocket frame size": a longer message comes to a handler in pieces.
MESSAGE_MAX_BYTES = 32 * 1024
REQUEST_ID_MAX = 64
KEY_MAX = 200
CURSOR_MAX = 80
ID_MAX = 64
NUMBER_MAX = 10**9


def encode(value: Mapping[str, Any]) -> str:
    """Return compact JSON."""
    return to_json(value).decode()


def encoded_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of ``encode(value)`` in UTF-8."""
    return len(encode(value).encode())


def decode(body: str | bytes | None) -> dict[str, Any]:
    """Read one JSON object from a message.

    Raises:
        TooLarge: it is over ``MESSAGE_MAX_BYTES``.
        BadJson: it is not JSON (as with NaN, a lone surrogate or over 200 levels), or no object.
    """
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body or b""
    if len(data) > MESSAGE_MAX_BYTES:
        raise TooLarge(MESSAGE_MAX_BYTES)
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise BadJson(str(error)) from error
    if not isinstance(value, dict):
        raise BadJson("not an object")
    return value


def optional_text(message: Mapping[str, Any], name: str, max_chars: int) -> str | None:
    """Return the text ``name`` of 1 to ``max_chars`` characters, or ``None`` if it is missing.

    Raises:
        InvalidRequest: it is not such a text.
    """
    value = message.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(problems=[Problem(name, "not_text")])
    if not value:
        raise InvalidRequest(problems=[Problem(name, "empty")])
    if len(value) > max_chars:
        raise InvalidRequest(problems=[Problem(name, "too_long", {"max": max_chars})])
    try:
        value.encode()
    except UnicodeEncodeError as error:  # lone surrogates, such as a header's bytes
        raise InvalidRequest(problems=[Problem(name, "not_text")]) from error
    return value


def required_text(message: Mapping[str, Any], name: str, max_chars: int) -> str:
    """Return the text ``name`` of 1 to ``max_chars`` characters.

    Raises:
        InvalidRequest: it is missing, or not such a text.
    """
    value = optional_text(message, name, max_chars)
    if value is None:
        raise InvalidRequest(problems=[Problem(name, "missing")])
    return value


def optional_number(message: Mapping[str, Any], name: str) -> int | None:
    """Return the whole number ``name`` (1 to ``NUMBER_MAX``), or ``None`` if it is missing.

    Raises:
        InvalidRequest: it is not such a number.
    """
    value = message.get(name)
    if value is None or (type(value) is int and 1 <= value <= NUMBER_MAX):
        return value
    params = {"min": 1, "max": NUMBER_MAX}
    raise InvalidRequest(problems=[Problem(name, "not_number", params)])


def incident_update(change: "Change", *, private: bool = False) -> str:
    """Return the frame that broadcasts a committed change."""
    return update_of(encode(change.after.to_json(private=private)), change.position)


def update_of(incident: str, position: "Position | None") -> str:
    """Return the frame of one change: the incident's JSON after it, and its position."""
    return f'{{"type":"incident_update","incident":{incident},"position":"{position}"}}'


def updates_of(incidents: Sequence[str], position: "Position | None") -> str:
    """Return the frame of several changes in the order of their ``seq``.

    ``incidents``: each incident's JSON after its change; ``position``: that of the last change.
    """
    joined = ",".join(incidents)
    return f'{{"type":"incident_updates","incidents":[{joined}],"position":"{position}"}}'


def ack(
    action: str,
    request: str,
    *,
    incident_id: str,
    seq: int,
    revision: int,
    duplicate: bool,
) -> str:
    """Return the answer to a message that committed a change."""
    return encode(
        {
            "type": "ack",
            "action": action,
            "incidentId": incident_id,
            "seq": seq,
            "revision": revision,
            "duplicate": duplicate,
            "requestId": request,
        }
    )


def done(action: str, request: str) -> str:
    """Return the answer to a message that commits nothing."""
    return encode({"type": "ack", "action": action, "requestId": request})


def position(position: "Position") -> str:
    """Return the message that tells the feed's position as a sign of life."""
    return encode({"type": "position", "position": str(position)})


def pong(
    *,
    position: "Position",
    expires_at: datetime,
    connection_id: str,
    heartbeat_s: float | None,
    restored: bool,
    request: str | None,
) -> str:
    """Return the answer to ``ping``.

    ``heartbeat_s``: the interval of ``position`` messages; ``None``: the service sends none.
    ``restored`` as in ``Connection``.
    """
    frame: dict[str, Any] = {
        "type": "pong",
        "position": str(position),
        "expiresAt": format_time(expires_at),
        "connectionId": connection_id,
    }
    if heartbeat_s is not None:
        frame["heartbeatSeconds"] = heartbeat_s
    if restored:
        frame["restored"] = True
    return encode(frame if request is None else frame | {"requestId": request})


def sync(
    incidents: Sequence[Mapping[str, Any]],
    *,
    position: "Position",
    more: bool,
    reset: bool,
    cursor: str | None,
    request: str | None,
) -> str:
    """Return the answer to ``sync``: one page of what the client has missed."""
    frame: dict[str, Any] = {
        "type": "sync",
        "incidents": incidents,
        "position": str(position),
        "more": more,
        "reset": reset,
    }
    if cursor is not None:
        frame["cursor"] = cursor
    return encode(frame if request is None else frame | {"requestId": request})


def error(refusal: AlertaError, *, request: str | None = None, lang: Lang = DEFAULT_LANG) -> str:
    """Return the answer to a message that was refused."""
    frame: dict[str, Any] = {"type": "error", **error_body(refusal, lang=lang)}
    return encode(frame if request is None else frame | {"requestId": request})


def error_body(refusal: AlertaError, *, lang: Lang = DEFAULT_LANG) -> dict[str, Any]:
    """Return ``{code, message, errors?, actions?, retryAfter?}``, for the socket and HTTP."""
    body: dict[str, Any] = {
        "code": refusal.code,
        "message": text(refusal.text_key or refusal.code, lang, **refusal.params),
    }
    if refusal.problems:
        body["errors"] = _errors(refusal.problems, lang)
    if isinstance(refusal, UnknownAction):
        body["actions"] = list(refusal.actions)
    if isinstance(refusal, RateLimited):
        body["retryAfter"] = refusal.retry_after_s
    return body


def _errors(problems: Sequence[Problem], lang: Lang) -> list[dict[str, str]]:
    return [
        {"field": problem.field, "problem": text(problem.key, lang, **problem.params)}
        for problem in problems
    ]
