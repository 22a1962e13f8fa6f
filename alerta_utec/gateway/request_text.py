"""The texts of a request: its target and its headers, whatever bytes the client sent."""

from urllib.parse import urlsplit

from aiohttp import web


def readable(text: str) -> str:
    """Return a text of aiohttp's without surrogates, which stand for bytes that are not UTF-8.

    Such a text is read as ISO 8859-1, the encoding that HTTP had (RFC 9110, section 5.5).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape").decode("latin-1")
    return text


def readable_headers(request: web.BaseRequest) -> list[tuple[str, str]]:
    """Return the request's headers, in their order."""
    return [(readable(name), readable(value)) for name, value in request.headers.items()]


def request_target(request: web.BaseRequest) -> tuple[str, str]:
    """Return the authority and the rest of the target; the authority is empty in origin form.

    A server must take the absolute form too (RFC 9112, section 3.2.2).
    """
    target = readable(request.raw_path)
    if not target.lower().startswith(("http://", "https://")):
        return "", target
    try:
        parts = urlsplit(target)
    except ValueError:  # such as an open bracket
        return "", target
    rest = target[target.index("//") + 2 + len(parts.netloc) :]
    return parts.netloc, rest if rest.startswith("/") else f"/{rest}"
