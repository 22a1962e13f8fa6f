"""Swagger UI at ``/docs``: the copy that Powertools brings, whole, so that nothing is fetched."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

_ASSETS = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_START = (
    "SwaggerUIBundle({url:'openapi.json',dom_id:'#docs',deepLinking:true,"
    "presets:[SwaggerUIBundle.presets.apis]});"
)


@cache
def page() -> str:
    """The page, about 1.7 MB."""
    style, bundle = _asset("swagger-ui.min.css"), _asset("swagger-ui-bundle.min.js")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<title>Alerta UTEC Realtime: HTTP API</title>"
        f'<style>{style}</style></head><body><div id="docs"></div>'
        f"<script>{bundle}</script><script>{_START}</script></body></html>"
    )


@cache
def policy() -> str:
    """Its Content-Security-Policy: these two scripts, and requests to the service alone."""
    hashes = " ".join(_hash(script) for script in (_asset("swagger-ui-bundle.min.js"), _START))
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _asset(name: str) -> str:
    return files(_ASSETS).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
