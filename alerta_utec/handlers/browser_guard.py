"""The check of writes that a web page makes a browser send without asking first.

A form of any page reaches a service in the browser's network, with no preflight (Fetch standard,
section 3.2.2). Browsers say where a write comes from; programs do not.
"""

from alerta_utec.domain.errors import ForeignOrigin, UnsupportedMediaType
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.request import Request

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


def check_write(request: Request, origins: Origins) -> None:
    """Return if the request is a read, comes from a program or from a page that may write.

    Raises:
        ForeignOrigin: a page of an origin that is not allowed sends it.
        UnsupportedMediaType: a page sends a body that is not JSON.
    """
    if request.method in _READS:
        return
    origin, site = request.header("origin"), request.header("sec-fetch-site")
    if origin is None and site is None:
        return
    if not _is_allowed(request, origin, site, origins):
        raise ForeignOrigin
    if request.event.get("body") and not _is_json(request.header("content-type")):
        raise UnsupportedMediaType


def _is_allowed(request: Request, origin: str | None, site: str | None, origins: Origins) -> bool:
    if site is not None and site.strip().lower() in _OWN_SITES:
        return True
    if origin is None:
        return origins.any
    return origins.allow(origin, request.header("host"))


def _is_json(content_type: str | None) -> bool:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
