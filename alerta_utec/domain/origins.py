"""Which web pages may open sockets and read answers: the ``Origin`` of RFC 6454."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins by their exact text, such as ``https://alerta.example.edu``; ``*`` is any.

    Without a list: the service's own pages, and pages of this machine where the service is on
    it. Programs send no origin and are not concerned.
    """

    allowed: tuple[str, ...] = ()

    def allow(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of ``origin`` may use the service that it calls ``host``."""
        if origin is None or "*" in self.allowed or origin in self.allowed:
            return True
        if self.allowed or not host:
            return False
        page, service = _split(origin), _split(f"//{host}")
        if page is None or service is None:
            return False
        both_here = page[0] in _LOOPBACK and service[0] in _LOOPBACK
        return both_here or page == service


def _split(url: str) -> tuple[str | None, int | None] | None:
    """Host and port; none where it is no URL. Ports that go without saying are left out."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.hostname, None if port == usual else port) if parts.hostname else None
