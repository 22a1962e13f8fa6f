"""The WebSocket handshake: ``$connect`` decides, then the socket opens."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.events import Client, connect_event, disconnect_event, new_id, now_ms
from alerta_utec.gateway.http_protocol import HttpProtocol
from alerta_utec.gateway.responses import from_proxy, plain
from alerta_utec.gateway.session import ABNORMAL, Session

_SUBPROTOCOL = "sec-websocket-protocol"


async def accept(gateway: Gateway, request: web.BaseRequest, query: str) -> web.StreamResponse:
    """Open one socket and serve it to its end.

    Any status of ``$connect`` but 2xx is the handshake's answer. A subprotocol is selected
    only where the handler returns the header ``Sec-WebSocket-Protocol``.
    """
    if not web.WebSocketResponse(compress=False).can_prepare(request):
        return plain(400, "Not a WebSocket handshake (RFC 6455, section 4.1)")
    client = Client(
        connection_id=new_id(),
        connected_at_ms=now_ms(),
        source_ip=request.remote or "",
        user_agent=request.headers.get("User-Agent"),
        domain=request.headers.get("Host", ""),
        stage=gateway.stage,
    )
    if not gateway.enter(client.source_ip):
        return plain(429, "Too many connections from this address")
    try:
        session = await _opened(gateway, request, query, client)
        if isinstance(session, web.StreamResponse):
            return session
        # Nothing of the handshake is held on to while the socket is open.
        await session.run()
        return session.socket
    finally:
        gateway.leave(client.source_ip)


async def _opened(
    gateway: Gateway, request: web.BaseRequest, query: str, client: Client
) -> Session | web.StreamResponse:
    """The open socket, or the answer to a handshake that is refused."""
    event = connect_event(client, list(request.headers.items()), query)
    response = await gateway.connect(event)
    if not 200 <= response["statusCode"] <= 299:
        return from_proxy(response)
    socket = _socket(gateway, response)
    peer = cast(HttpProtocol, request.protocol)
    try:
        await socket.prepare(request)
        if peer.transport is None:
            raise ConnectionResetError
    except ConnectionError:
        await gateway.disconnected(disconnect_event(client, *ABNORMAL))
        raise
    peer.session = Session(gateway, client, socket, peer.transport)
    return peer.session


def _socket(gateway: Gateway, response: Mapping[str, Any]) -> web.WebSocketResponse:
    headers = response.get("headers") or {}
    protocol = next((v for k, v in headers.items() if k.lower() == _SUBPROTOCOL), None)
    return web.WebSocketResponse(
        timeout=gateway.limits.closing_s,
        autoclose=False,
        protocols=(protocol,) if protocol else (),
        compress=False,
        max_msg_size=gateway.limits.message_max_bytes + 1,
    )
