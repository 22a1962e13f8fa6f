"""The routes of ``@connections``: back ends reach clients here (API Gateway Management API)."""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from alerta_utec.domain.values import format_time
from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.responses import as_json, read_body
from alerta_utec.gateway.socket import ClientSocket

PAYLOAD_MAX_BYTES = 128 * 1024
_ID_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
# A request with one of these came through a proxy, so its sender may be on another machine.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


async def serve(gateway: Gateway, request: web.BaseRequest, encoded_id: str) -> web.Response:
    """Answer a signed POST, GET or DELETE for one connection from this machine.

    A signature (SigV4) is required but not verified: every local process is trusted, and a web
    page cannot send the header without a preflight.
    """
    if not _is_local(request) or not _is_signed(request):
        return _error(403, "ForbiddenException", "Forbidden")
    connection_id = unquote(encoded_id)
    if not connection_id or not _ID_CHARS.issuperset(connection_id):
        return _error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
    socket = gateway.hub.sockets.get(connection_id)
    if request.method == "POST":
        return await _post(request, socket, gateway.limits.body_s)
    if request.method == "GET":
        return _gone() if socket is None else as_json(200, _describe(gateway, socket))
    if request.method == "DELETE":
        if socket is None:
            return _gone()
        gateway.spawn(socket.close(1000, "Connection Closed Normally"))
        return web.Response(status=204)
    return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


async def _post(
    request: web.BaseRequest, socket: ClientSocket | None, body_s: float
) -> web.Response:
    payload = await read_body(request, PAYLOAD_MAX_BYTES, body_s)
    if payload is None:
        return _error(413, "PayloadTooLargeException", "Payload too large")
    if socket is None:
        return _gone()
    # Bytes that are not UTF-8 become U+FFFD, as on API Gateway: a text frame must be UTF-8.
    text = payload.decode(errors="replace")
    if not socket.write(text_frame(text.encode())):
        return _error(429, "LimitExceededException", "The client's buffer is full")
    return web.Response(status=200)


def _is_local(request: web.BaseRequest) -> bool:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    forwarded = any(name in request.headers for name in _FORWARDED)
    return peer is not None and ip_address(peer[0]).is_loopback and not forwarded


def _is_signed(request: web.BaseRequest) -> bool:
    return request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 ")


def _describe(gateway: Gateway, socket: ClientSocket) -> dict[str, Any]:
    client = socket.client
    return {
        "connectedAt": _time(client.connected_at_ms),
        "identity": client.identity(),
        "lastActiveAt": _time(gateway.hub.sockets.last_active_ms(socket)),
    }


def _time(milliseconds: int) -> str:
    return format_time(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _gone() -> web.Response:
    return _error(410, "GoneException", "Gone")


def _error(status: int, kind: str, message: str) -> web.Response:
    return as_json(status, {"message": message}, **{"x-amzn-ErrorType": kind})
