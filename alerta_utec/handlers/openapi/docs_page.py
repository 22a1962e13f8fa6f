"""The page at ``/docs``: Swagger UI, inlined whole so that the browser fetches no other script."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

_BUNDLE = "swagger-ui-bundle.js"
_STYLE = "swagger-ui.css"
_START = (
    "SwaggerUIBundle({url:'openapi.json',dom_id:'#docs',deepLinking:true,"
    "presets:[SwaggerUIBundle.presets.apis]});"
)


@cache
def page() -> str:
    """Return the page, about 1.9 MB."""
    style, bundle = _asset(_STYLE), _asset(_BUNDLE)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<title>Alerta UTEC Realtime: HTTP API</title>"
        f'<style>{style}</style></head><body><div id="docs"></div>'
        f"<script>{bundle}</script><script>{_START}</script></body></html>"
    )


@cache
def policy() -> str:
    """Return its Content-Security-Policy: these two scripts, and requests to the service alone."""
    hashes = " ".join(_hash(script) for script in (_asset(_BUNDLE), _START))
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _asset(name: str) -> str:
    return files("alerta_utec").joinpath("static", "swagger-ui", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
