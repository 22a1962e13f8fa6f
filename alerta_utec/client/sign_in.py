"""The headers with which a client signs in and marks a request as safe to repeat."""

from collections.abc import Callable, Mapping

# A short-lived token should be a function: the client calls it for each new connection.
Token = str | Callable[[], str] | None


def bearer(token: Token) -> Mapping[str, str]:
    """Return the header of RFC 6750, section 2.1; an empty mapping without a token."""
    value = token() if callable(token) else token
    return {"Authorization": f"Bearer {value}"} if value else {}


def key_header(key: str) -> Mapping[str, str]:
    """Return the header that makes a request safe to repeat.

    HTTP libraries write headers in ISO 8859-1, and the service reads UTF-8.
    """
    return {"Idempotency-Key": key.encode().decode("iso-8859-1")}
