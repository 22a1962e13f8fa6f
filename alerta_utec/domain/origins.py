"""The check of a web page's ``Origin`` (RFC 6454) before it opens a socket or reads a response."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Origins:
    """The allowed origins by their text, such as ``https://alerta.example.edu``; ``*`` is any.

    Without a list, these are allowed: the service's own pages, and pages of this machine if the
    service runs on it. Programs send no origin and are always allowed, and so is ``public_url``,
    where the service's own pages are.
    """

    allowed: tuple[str, ...] = ()
    public_url: str | None = None

    @property
    def any(self) -> bool:
        """Whether a page of any origin is allowed."""
        return "*" in self.allowed

    def allow(self, origin: str | None, host: str | None) -> bool:
        """Tell whether a page of ``origin`` may use the service that it calls ``host``."""
        if origin is None or self.any or origin in self.allowed:
            return True
        page = _split(origin)
        if self.public_url is not None and page and page == _split(self.public_url):
            return urlsplit(origin).scheme == urlsplit(self.public_url).scheme
        if self.allowed or not host:
            return False
        service = _split(f"//{host}")
        if page is None or service is None:
            return False
        both_here = page[0] in _LOOPBACK and service[0] in _LOOPBACK
        return both_here or page == service


def _split(url: str) -> tuple[str | None, int | None] | None:
    """Return host and port, or ``None`` if it is not a URL; the scheme's own port is left out."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.hostname, None if port == default else port) if parts.hostname else None
