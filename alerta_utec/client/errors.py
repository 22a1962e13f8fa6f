"""What can go wrong for a client, each with whether another try may succeed."""

import os
from collections.abc import Mapping
from typing import Any

from alerta_utec.domain.errors import ERRORS

_RETRYABLE = frozenset(error.code for error in ERRORS if error.retryable)
_TOO_MANY = 429
_SERVER_ERRORS = 500


class ClientError(Exception):
    """A request or a connection that came to nothing."""

    retryable: bool = False


class Unreachable(ClientError):
    """Nobody serves at that address, or not in time."""

    retryable = True

    @classmethod
    def because(cls, error: Exception) -> "Unreachable":
        """From what the network library raised."""
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
    """The server took the message and has not answered it in time.

    It may have been stored: repeat it with the same idempotency key.
    """

    retryable = True


class HandshakeRefused(ClientError):
    """The server answered the WebSocket handshake with ``status`` instead of 101."""

    def __init__(self, status: int):
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retryable = status == _TOO_MANY or status >= _SERVER_ERRORS


class UnexpectedAnswer(ClientError):
    """Whoever answers over HTTP does not speak this protocol."""

    def __init__(self, status: int):
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retryable = status == _TOO_MANY or status >= _SERVER_ERRORS


class NotUnderstood(ClientError):
    """An answer over WebSocket that makes no sense here."""

    retryable = True


class Refused(ClientError):
    """The service understood the request, and said no.

    ``problems``: pairs of a field and what is wrong with it, as the service worded them.
    """

    def __init__(self, code: str, message: str, problems: tuple[tuple[str, str], ...] = ()):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.problems = problems
        self.retryable = code in _RETRYABLE

    @classmethod
    def from_body(cls, body: Mapping[str, Any], message: str) -> "Refused":
        """The refusal in an error frame, or in problem details."""
        problems = tuple(
            (str(item.get("field", "")), str(item.get("problem", "")))
            for item in body.get("errors", ())
            if isinstance(item, dict)
        )
        return cls(str(body.get("code", "internal")), message, problems)
