"""The headers that a client sends: who asks, and under which key."""

from collections.abc import Callable, Mapping

# A token that ends soon is better given as a function, which is asked at each new connection.
Token = str | Callable[[], str] | None


def bearer(token: Token) -> Mapping[str, str]:
    """The header of RFC 6750, section 2.1; none where there is no token."""
    value = token() if callable(token) else token
    return {"Authorization": f"Bearer {value}"} if value else {}


def key_header(key: str) -> Mapping[str, str]:
    """The header that makes a request safe to repeat.

    HTTP libraries write headers in ISO 8859-1, and the service reads UTF-8.
    """
    return {"Idempotency-Key": key.encode().decode("iso-8859-1")}
