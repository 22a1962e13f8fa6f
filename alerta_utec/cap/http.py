"""An incident's CAP alert as an HTTP answer, with where the panel shows the incident."""

import re
from urllib.parse import urlencode

from alerta_utec.handlers.responses import NOTHING_RUNS, Response

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


def page_of(incident_id: str, *, host: str | None, secure: bool) -> str | None:
    """The panel's address for the incident at the host that was asked; none for a host of odd
    characters, which no URL can have."""
    if not _HOST.fullmatch(host or ""):
        return None
    return f"{'https' if secure else 'http'}://{host}/#{urlencode({'i': incident_id})}"


def answer(document: bytes) -> Response:
    """The alert as a Lambda proxy response."""
    headers = {
        "Content-Type": "application/cap+xml; charset=utf-8",
        "Cache-Control": "no-store",
        **NOTHING_RUNS,
    }
    return {"statusCode": 200, "headers": headers, "body": document.decode()}
