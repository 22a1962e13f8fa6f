"""Every way in which a request can be refused, as one tree of exceptions.

Each class has a stable ``code`` (the one that clients see) and says whether the same
request may succeed later (``retryable``). ``handlers.http`` maps codes to statuses.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing wrong with one field.

    ``field`` is the path in the caller's JSON (``incident.urgency``, ``requestId``);
    ``key`` names a text of ``domain.messages`` and ``params`` fill it.
    """

    field: str
    key: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class AlertaError(Exception):
    """A refusal that the caller is told about, by ``code`` and never by this text."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, problems: Sequence[Problem] = (), **params: Any):
        super().__init__(detail or self.code)
        self.problems = tuple(problems)
        self.params = params


class BadJson(AlertaError):
    """The message is not one JSON object (RFC 8259, no NaN, no lone surrogates, depth ≤ 200)."""

    code = "bad_json"


class UnknownAction(AlertaError):
    """``action`` is missing or names no route; ``actions`` lists the ones that exist."""

    code = "unknown_action"

    def __init__(self, actions: Sequence[str]):
        super().__init__(actions=", ".join(actions))
        self.actions = tuple(actions)


class InvalidRequest(AlertaError):
    """Something around the incident is wrong: ``requestId``, a query parameter, a cursor."""

    code = "invalid_request"


class InvalidIncident(AlertaError):
    """The incident breaks one or more rules; ``problems`` has all of them."""

    code = "invalid_incident"


class TooLarge(AlertaError):
    """The message is over the limit in bytes, which is given as ``limit``."""

    code = "too_large"

    def __init__(self, limit_bytes: int):
        super().__init__(limit=limit_bytes)


class Unauthorized(AlertaError):
    """Nobody is signed in, or the token is not valid."""

    code = "unauthorized"


class Forbidden(AlertaError):
    """Somebody is signed in, and may not do this."""

    code = "forbidden"


class NotFound(AlertaError):
    """No such incident or path."""

    code = "not_found"


class Conflict(AlertaError):
    """The incident is not as the caller believes: other content, or a stale revision."""

    code = "conflict"


class InvalidTransition(AlertaError):
    """The status does not move that way."""

    code = "invalid_transition"


class RateLimited(AlertaError):
    """Too many requests from this caller."""

    code = "rate_limited"
    retryable = True

    def __init__(self, wait_s: float = 1.0):
        super().__init__()
        self.retry_after_s = max(1, ceil(wait_s))


class Unavailable(AlertaError):
    """Nothing was stored or sent; the same request with the same key may be repeated."""

    code = "unavailable"
    retryable = True


class Internal(AlertaError):
    """A defect of ours; the log has it under the request's id."""

    code = "internal"


ERRORS: tuple[type[AlertaError], ...] = (
    BadJson,
    UnknownAction,
    InvalidRequest,
    InvalidIncident,
    TooLarge,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    InvalidTransition,
    RateLimited,
    Unavailable,
    Internal,
)
CODES: tuple[str, ...] = tuple(error.code for error in ERRORS)
