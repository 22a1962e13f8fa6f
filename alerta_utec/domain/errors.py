"""The reasons for refusing a request, as one tree of exceptions.

Each class has a stable ``code``, which clients see, and ``retryable``: whether the same request
may succeed later. ``handlers.http`` maps codes to statuses.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True)
class Problem:
    """One fault of one field.

    ``field`` is the path in the caller's JSON (``incident.urgency``, ``requestId``);
    ``key`` names a text of ``domain.messages`` and ``params`` fill it.
    """

    field: str
    key: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class AlertaError(Exception):
    """A refused request. The caller sees ``code``, never the exception's text.

    ``text_key`` names the text of ``domain.messages``, if it is not that of the code.
    """

    code: ClassVar[str]
    text_key: ClassVar[str | None] = None
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, problems: Sequence[Problem] = (), **params: Any):
        super().__init__(detail or self.code)
        self.problems = tuple(problems)
        self.params = params


class BadJson(AlertaError):
    """A message that is not one JSON object (RFC 8259, no NaN or lone surrogate, depth ≤ 200)."""

    code = "bad_json"


class UnknownAction(AlertaError):
    """An ``action`` that is missing or names no route; ``actions`` lists the existing ones."""

    code = "unknown_action"

    def __init__(self, actions: Sequence[str]):
        super().__init__(actions=", ".join(actions))
        self.actions = tuple(actions)


class InvalidRequest(AlertaError):
    """A fault around the incident: in ``requestId``, a query parameter or a cursor."""

    code = "invalid_request"


class InvalidIncident(AlertaError):
    """An incident with invalid fields; ``problems`` has all of them."""

    code = "invalid_incident"


class TooLarge(AlertaError):
    """A message with more bytes than ``limit_bytes``."""

    code = "too_large"

    def __init__(self, limit_bytes: int):
        super().__init__(limit=limit_bytes)


class Unauthorized(AlertaError):
    """A request without a token although one is needed, or with one that is not valid.

    Its text is a reason code, for the log.
    """

    code = "unauthorized"


class Forbidden(AlertaError):
    """An identity without the permission for its request."""

    code = "forbidden"


class ForeignOrigin(Forbidden):
    """A request that a page of an origin that is not allowed has made a browser send."""

    text_key = "foreign_origin"


class NotFound(AlertaError):
    """An incident or path that does not exist."""

    code = "not_found"


class Conflict(AlertaError):
    """An incident that is not as the caller assumes: other content, or a newer revision."""

    code = "conflict"


class InvalidTransition(AlertaError):
    """A change of status that is not allowed."""

    code = "invalid_transition"


class UnsupportedMediaType(AlertaError):
    """A body from a web page that is not sent as JSON, so that no page asked to send it."""

    code = "unsupported_media_type"


class MisdirectedRequest(AlertaError):
    """A request for a host that is not this service's."""

    code = "misdirected_request"


class RateLimited(AlertaError):
    """Too many requests from this caller."""

    code = "rate_limited"
    retryable = True

    def __init__(self, wait_s: float = 1.0):
        super().__init__()
        self.retry_after_s = max(1, ceil(wait_s))


class Unavailable(AlertaError):
    """A store or peer that does not answer; the request may be repeated with the same key."""

    code = "unavailable"
    retryable = True


class Internal(AlertaError):
    """A defect of the service, logged under the request's id."""

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
    UnsupportedMediaType,
    MisdirectedRequest,
    RateLimited,
    Unavailable,
    Internal,
)
CODES: tuple[str, ...] = tuple(error.code for error in ERRORS)
