"""The client's errors; each says whether another attempt can succeed."""

import os
from collections.abc import Mapping
from typing import Any

from alerta_utec.domain.errors import ERRORS

_RETRYABLE = frozenset(error.code for error in ERRORS if error.retryable)
_TOO_MANY = 429
_SERVER_ERRORS = 500


class ClientError(Exception):
    """A request or a connection that failed."""

    retryable: bool = False


class Unreachable(ClientError):
    """No server accepted the connection in time."""

    retryable = True

    @classmethod
    def because(cls, error: Exception) -> "Unreachable":
        """Return an ``Unreachable`` for an error of the network library."""
        number = getattr(error, "errno", None)
        if isinstance(number, int) and number > 0:
            return cls(os.strerror(number))
        return cls(getattr(error, "strerror", None) or str(error) or type(error).__name__)


class Disconnected(ClientError):
    """The connection has ended; ``code`` is the WebSocket close code, if there was one."""

    retryable = True

    def __init__(self, code: int | None, reason: str = ""):
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class NoAnswer(ClientError):
    """The server accepted the message and did not answer in time.

    The message may have been stored: repeat it with the same idempotency key.
    """

    retryable = True


class HandshakeRefused(ClientError):
    """The server answered the WebSocket handshake with ``status`` instead of 101."""

    def __init__(self, status: int):
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retryable = status == _TOO_MANY or status >= _SERVER_ERRORS


class UnexpectedAnswer(ClientError):
    """An HTTP response that does not follow the protocol, such as a proxy's error page."""

    def __init__(self, status: int):
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retryable = status == _TOO_MANY or status >= _SERVER_ERRORS


class NotUnderstood(ClientError):
    """A WebSocket answer that does not follow the protocol."""

    retryable = True


class Refused(ClientError):
    """The service understood the request and refused it.

    ``problems``: pairs of a field and its problem, in the service's words.
    """

    def __init__(self, code: str, message: str, problems: tuple[tuple[str, str], ...] = ()):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.problems = problems
        self.retryable = code in _RETRYABLE

    @classmethod
    def from_body(cls, body: Mapping[str, Any], message: str) -> "Refused":
        """Return the refusal in an error frame or in problem details."""
        problems = tuple(
            (str(item.get("field", "")), str(item.get("problem", "")))
            for item in body.get("errors", ())
            if isinstance(item, dict)
        )
        return cls(str(body.get("code", "internal")), message, problems)
