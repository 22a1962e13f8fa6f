"""HTTP responses as text, as JSON and from Lambda proxy responses; bodies with a size limit."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from alerta_utec.wire import encode

# The header ``Server`` names no versions.
SERVER = "alerta-utec"


async def read_body(request: web.BaseRequest, max_bytes: int, within_s: float) -> bytes | None:
    """Return the whole body; ``None`` if it is larger than ``max_bytes``.

    A client that waits for ``100 Continue`` gets it (RFC 9110, section 10.1.1).

    Raises:
        web.HTTPRequestTimeout: the body did not arrive in time.
        web.HTTPBadRequest: the body is not framed as HTTP has it.
    """
    if (request.content_length or 0) > max_bytes:
        return None
    expected = request.headers.get("Expect", "").lower() == "100-continue"
    if expected and request.version >= HttpVersion11 and request.can_read_body:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response itself has not begun
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_bytes:
                    return None
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise web.HTTPBadRequest from error
    return bytes(body)


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a response with a line of text for people."""
    return web.Response(status=status, text=text + "\n", headers=headers)


def as_json(status: int, body: Mapping[str, Any], **headers: str) -> web.Response:
    """Return a response with a JSON body."""
    content = encode(body)
    return web.Response(
        status=status, text=content, content_type="application/json", headers=headers
    )


def from_proxy(response: Mapping[str, Any]) -> web.Response:
    """Return a Lambda proxy response as an HTTP response."""
    headers = {str(name): str(value) for name, value in (response.get("headers") or {}).items()}
    for name, values in (response.get("multiValueHeaders") or {}).items():
        headers[name] = ",".join(values)
    headers.pop("Sec-WebSocket-Protocol", None)
    text = response.get("body") or ""
    body = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
    return web.Response(status=response["statusCode"], body=body, headers=headers)
