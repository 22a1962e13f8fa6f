"""The reading half of one client's connection, from the open socket to ``$disconnect``.

It submits each message to ``core.py``, which runs ``notify`` and ``update`` in the cooperative
executor: ``executor.py``, with the time limits of ``deadlines.py``. Their handlers share commits
in ``adapters/sqlite/group_commit.py``. ``socket.py`` is the writing half.
"""

import asyncio
import logging
import math
import time
from typing import Any

from aiohttp import WSMsgType
from pydantic_core import from_json

from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.events import disconnect_event, message_event, new_id
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.socket import TOO_SLOW, ClientSocket

log = logging.getLogger(__name__)

ABNORMAL = (1006, "Connection closed abnormally")
NO_STATUS = (1005, "Client-side close frame status not set")


class Session:
    """The conversation with one client: its messages, one after another, and its time limits.

    API Gateway promises no order between two messages of a client. Here each message is handled
    before the next is read, so a client that sends too fast waits in its own socket.
    """

    __slots__ = ("_gateway", "_socket", "_timer")

    def __init__(self, gateway: Gateway, socket: ClientSocket) -> None:
        self._gateway = gateway
        self._socket = socket
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serve the open socket until it ends, then run ``$disconnect``."""
        socket, sockets = self._socket, self._gateway.hub.sockets
        sockets.add(socket)
        socket.report_backlog()
        self._check_time_limits()
        code, reason = ABNORMAL
        try:
            code, reason = await self._read()
        finally:
            sockets.on_closed(socket)
            if self._timer is not None:
                self._timer.cancel()
            await self._gateway.run_disconnect(disconnect_event(socket.client, code, reason))
            socket.ended.set_result(None)

    async def _read(self) -> tuple[int, str]:
        """Handle messages until the connection ends; return the close code and reason."""
        socket = self._socket
        web_socket = socket.web_socket
        while True:
            message = await web_socket.receive()
            if message.type is WSMsgType.TEXT:
                if socket.closing == TOO_SLOW:
                    continue  # the client could not read the answer
                socket.touch()
                await self._handle(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.close(1003, "Binary is not supported")
            elif message.type is WSMsgType.CLOSE:
                await socket.answer_close(message.data or 1000)
                return (message.data, message.extra or "") if message.data else NO_STATUS
            elif message.type is WSMsgType.ERROR:
                return socket.closing or (web_socket.close_code or 1006, "")
            else:  # CLOSING or CLOSED: closed by the server, or the connection broke
                return socket.closing or ABNORMAL

    async def _handle(self, text: str) -> None:
        gateway = self._gateway
        route_key = select_route(text, gateway.actions)
        route = gateway.routes.get(route_key)
        if route is None:
            self._refuse("Forbidden", new_id())
            return
        event = message_event(self._socket.client, route_key, text)
        try:
            response = await gateway.invoke(
                route.handler, event, batched=route.batched, pool=route.pool
            )
        except Exception:
            log.exception("handler_failed", extra={"route": route_key})
            self._refuse("Internal server error", event["requestContext"]["requestId"])
            return
        body = response.get("body") if isinstance(response, dict) else None
        if route.two_way and (body or not route.may_be_silent):
            self._answer(text_frame((body or "").encode()))

    def _refuse(self, message: str, request_id: str) -> None:
        # API Gateway's own frames have a space after the first comma and colon only.
        connection_id = self._socket.client.connection_id
        frame = (
            f'{{"message": "{message}", "connectionId":"{connection_id}", '
            f'"requestId":"{request_id}"}}'
        )
        self._answer(text_frame(frame.encode()))

    def _answer(self, data: bytes) -> None:
        self._socket.write(data)
        self._gateway.hub.sockets.enforce_total_limit()

    def _check_time_limits(self) -> None:
        """Close a connection that is idle or open for too long; else check again when it may be."""
        limits, sockets, client = (
            self._gateway.limits,
            self._gateway.hub.sockets,
            self._socket.client,
        )
        ends_at_ms = min(
            sockets.last_active_ms(self._socket) + limits.idle_s * 1000,
            client.connected_at_ms + limits.age_s * 1000,
            sockets.expires_at_ms(self._socket) or math.inf,
        )
        left_s = ends_at_ms / 1000 - time.time()
        if left_s <= 0:
            self._gateway.spawn(self._socket.close(1001, "Going away"))
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(left_s + 0.001, self._check_time_limits)


def select_route(text: str, actions: frozenset[str]) -> str:
    """Return the route key for a message, by ``$request.body.action``.

    An action selects the route of exactly that name; everything else, including text that is
    not JSON, selects ``$default``. No message selects ``$connect`` or ``$disconnect``.
    """
    try:
        body: Any = from_json(text)
    except ValueError:
        return "$default"
    action = body.get("action") if isinstance(body, dict) else None
    return action if isinstance(action, str) and action in actions else "$default"
