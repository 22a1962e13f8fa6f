"""Signing in: the token that every request carries."""

from collections.abc import Callable, Mapping

# A token that ends soon is better given as a function, which is asked at each new connection.
Token = str | Callable[[], str] | None


def bearer(token: Token) -> Mapping[str, str]:
    """The header of RFC 6750, section 2.1; none where there is no token."""
    value = token() if callable(token) else token
    return {"Authorization": f"Bearer {value}"} if value else {}
