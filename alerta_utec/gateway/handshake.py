"""The WebSocket handshake: ``$connect`` accepts or refuses, then the socket opens."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import HttpVersion11, web

from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.events import (
    ClientContext,
    LambdaEvent,
    connect_event,
    disconnect_event,
    new_id,
    now_ms,
)
from alerta_utec.gateway.forwarded import RequestSource
from alerta_utec.gateway.http_protocol import HttpProtocol
from alerta_utec.gateway.request_text import readable, readable_headers
from alerta_utec.gateway.responses import SERVER, from_proxy, plain
from alerta_utec.gateway.session import ABNORMAL, Session
from alerta_utec.gateway.socket import ClientSocket

_SUBPROTOCOL = "sec-websocket-protocol"
_VERSION = "13"


async def accept(
    gateway: Gateway, request: web.BaseRequest, source: RequestSource, query: str
) -> web.StreamResponse:
    """Open a socket and serve it to its end, or return the response that refuses it.

    A response of ``$connect`` other than 2xx refuses the handshake. A subprotocol is selected
    only if the handler returns the header ``Sec-WebSocket-Protocol``.
    """
    if refusal := _refusal(request):
        return refusal
    client = ClientContext(
        connection_id=new_id(),
        connected_at_ms=now_ms(),
        source_ip=source.client,
        user_agent=readable(agent) if (agent := request.headers.get("User-Agent")) else None,
        domain=source.host,
        stage=gateway.stage,
    )
    event = connect_event(client, source.headers(readable_headers(request)), query)
    opened = await _open(gateway, request, client, event)
    # No local variable here may keep the handshake's headers while the socket is open.
    del event
    if isinstance(opened, web.StreamResponse):
        return opened
    await Session(gateway, opened).run()
    return opened.web_socket


def _refusal(request: web.BaseRequest) -> web.Response | None:
    """Return the response to a request that is no handshake of RFC 6455 (section 4.2)."""
    if request.method != "GET":
        return plain(405, "A WebSocket handshake is a GET", {"Allow": "GET"})
    if request.headers.get("Sec-WebSocket-Version", _VERSION).strip() != _VERSION:
        headers = {"Sec-WebSocket-Version": _VERSION, "Upgrade": "websocket"}
        return plain(426, f"WebSocket version {_VERSION} (RFC 6455, section 4.4)", headers)
    is_handshake = web.WebSocketResponse(compress=False).can_prepare(request)
    if request.version < HttpVersion11 or not is_handshake:
        return plain(400, "Not a WebSocket handshake (RFC 6455, section 4.1)")
    return None


async def _open(
    gateway: Gateway, request: web.BaseRequest, client: ClientContext, event: LambdaEvent
) -> ClientSocket | web.StreamResponse:
    """Return the open socket, or the response to a refused handshake."""
    response = await gateway.run_connect(event)
    if not 200 <= response["statusCode"] <= 299:
        return from_proxy(response)
    web_socket = _web_socket(gateway, response)
    protocol = cast(HttpProtocol, request.protocol)
    try:
        await web_socket.prepare(request)
        if protocol.transport is None:
            raise ConnectionResetError
    except ConnectionError:
        await gateway.run_disconnect(disconnect_event(client, *ABNORMAL))
        raise
    protocol.client_socket = ClientSocket(
        client,
        web_socket,
        protocol.transport,
        limits=gateway.limits,
        observer=gateway.hub.sockets,
    )
    return protocol.client_socket


def _web_socket(gateway: Gateway, response: Mapping[str, Any]) -> web.WebSocketResponse:
    headers = response.get("headers") or {}
    subprotocol = next((v for k, v in headers.items() if k.lower() == _SUBPROTOCOL), None)
    web_socket = web.WebSocketResponse(
        timeout=gateway.limits.closing_s,
        autoclose=False,
        protocols=(subprotocol,) if subprotocol else (),
        compress=False,
        max_msg_size=gateway.limits.message_max_bytes + 1,
    )
    web_socket.headers["Server"] = SERVER
    return web_socket
