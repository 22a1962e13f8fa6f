"""The HTTP routes of the web panel: its page at ``/`` and its files under ``/panel/``."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from alerta_utec.domain.errors import NotFound
from alerta_utec.handlers.addresses import ServiceAddress
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import NOTHING_RUNS, SAFE_HEADERS

PAGE = "index.html"
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}
# A page runs its own modules only, and requests nothing but this service.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src {sources}; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE_HEADERS: Mapping[str, str] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
    **SAFE_HEADERS,
}
# A reference of the page to one of its files, and the name under which it asks for it.
_REFERENCE = re.compile(rb'"panel/([\w.-]+)"')
_VERSIONED = re.compile(r"([\w-]+)\.([0-9a-f]{12})(\.\w+)")
# The longest that RFC 8246 (immutable) and RFC 9111 are commonly used with: a year.
_FOR_GOOD: Mapping[str, str] = {"Cache-Control": "public, max-age=31536000, immutable"}
# The host comes from the request: anything but a host could add to the policy.
_ORIGIN = re.compile(r"(wss?://[A-Za-z0-9.:\[\]-]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; ``body``: its text, or base64 if it is ``compressed``."""

    body: str
    etag: str
    headers: Mapping[str, str]
    compressed: bool

    @property
    def version(self) -> str:
        """The part of the file's versioned name that changes with its content."""
        return self.etag[1:13]


@dataclass(frozen=True)
class PanelApi:
    """The handlers of ``PANEL_ROUTES``."""

    address: ServiceAddress

    def page(self, request: Request) -> LambdaResponse:
        """Return the page."""
        found = [_ORIGIN.match(url) for url in self.address.panel_sockets(request)]
        sources = " ".join(dict.fromkeys(("'self'", *(match[1] for match in found if match))))
        policy = {"Content-Security-Policy": _POLICY.format(sources=sources)}
        return _response(PAGE, request, {**policy, **_PAGE_HEADERS})

    def file(self, request: Request) -> LambdaResponse:
        """Return a file that the page asks for, by its name or its versioned name.

        A version that is not the current one is of a page from before a deployment: it gets the
        current file, which is not cached under that name.

        Raises:
            NotFound: no file has that name.
        """
        asked = request.path_parameter("file")
        name, version = _unversioned(asked)
        if name == PAGE or name not in _assets():
            raise NotFound
        is_current = version is not None and version == _assets()[name][0].version
        return _response(name, request, {**NOTHING_RUNS, **(_FOR_GOOD if is_current else {})})


def _response(name: str, request: Request, more: Mapping[str, str]) -> LambdaResponse:
    headers = request.headers
    plain, packed = _assets()[name]
    asset = packed if _takes_gzip(headers.get("accept-encoding", "")) else plain
    head = {**asset.headers, **more}
    if _has(headers.get("if-none-match", ""), asset.etag):
        return {"statusCode": 304, "headers": head, "body": "", "isBase64Encoded": False}
    response = {"statusCode": 200, "headers": head, "body": asset.body}
    return response | {"isBase64Encoded": asset.compressed}


@cache
def _assets() -> Mapping[str, tuple[Asset, Asset]]:
    """Return every file, plain and compressed; read once, since a deployment does not change."""
    folder = files("alerta_utec").joinpath("static")
    contents = {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if PurePath(entry.name).suffix in TYPES
    }
    page = contents.pop(PAGE)
    assets = {name: (_plain(name, data), _packed(name, data)) for name, data in contents.items()}
    page = _with_versions(page, {name: plain.version for name, (plain, _) in assets.items()})
    return {**assets, PAGE: (_plain(PAGE, page), _packed(PAGE, page))}


def _with_versions(page: bytes, versions: Mapping[str, str]) -> bytes:
    """Return the page with the versioned names of its files."""

    def versioned(match: re.Match[bytes]) -> bytes:
        name = PurePath(match[1].decode())
        return f'"panel/{name.stem}.{versions[name.name]}{name.suffix}"'.encode()

    return _REFERENCE.sub(versioned, page)


def _unversioned(asked: str) -> tuple[str, str | None]:
    """Return the name of a file, and its version if the name has one."""
    match = _VERSIONED.fullmatch(asked)
    return (asked, None) if match is None else (match[1] + match[3], match[2])


def _plain(name: str, content: bytes) -> Asset:
    tag = _etag(content)
    return Asset(content.decode(), tag, _headers(name, tag), compressed=False)


def _packed(name: str, content: bytes) -> Asset:
    packed = gzip.compress(content, mtime=0)
    tag = _etag(packed)
    headers = {**_headers(name, tag), "Content-Encoding": "gzip"}
    return Asset(base64.b64encode(packed).decode(), tag, headers, compressed=True)


def _headers(name: str, tag: str) -> dict[str, str]:
    return {
        "Content-Type": TYPES[PurePath(name).suffix],
        # Revalidated each time, but for versioned names: a new deployment shows at once.
        "Cache-Control": "no-cache",
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _takes_gzip(accepted: str) -> bool:
    """Return whether ``Accept-Encoding`` (RFC 9110, section 12.5.3) names gzip; ``*`` does not."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def _has(if_none_match: str, etag: str) -> bool:
    """Return whether ``If-None-Match`` (RFC 9110, section 13.1.2) lists the tag."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
