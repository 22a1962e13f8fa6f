"""The subprotocol that ``$connect`` selects, which ministack drops from the handshake.

API Gateway developer guide, "WebSocket API: subprotocols": the handler's header
``Sec-WebSocket-Protocol`` is the handshake's. Browsers close a socket if they offered subprotocols
and got none back.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway

_selected: ContextVar[str | None] = ContextVar("selected", default=None)


def install() -> None:
    """Add it to handshakes."""
    handle, invoke = apigateway.handle_websocket, apigateway._invoke_ws_lambda

    async def remember(*arguments: Any, **more: Any) -> Any:
        response = await invoke(*arguments, **more)
        if "CONNECT" in arguments:
            _selected.set(((response or {}).get("headers") or {}).get("Sec-WebSocket-Protocol"))
        return response

    async def accept(scope: Any, receive: Any, send: Any, *arguments: Any, **more: Any) -> None:
        async def send_with_it(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.accept":
                message = message | {"subprotocol": _selected.get()}
            await send(message)

        _selected.set(None)
        await handle(scope, receive, send_with_it, *arguments, **more)

    apigateway.handle_websocket, apigateway._invoke_ws_lambda = accept, remember
