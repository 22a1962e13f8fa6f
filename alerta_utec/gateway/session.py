"""One client's socket, from handshake to ``$disconnect``."""

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web
from pydantic_core import from_json

from alerta_utec.gateway.events import Client, disconnect_event, message_event, new_id
from alerta_utec.gateway.frames import close_frame, text_frame

if TYPE_CHECKING:
    from alerta_utec.gateway.core import Gateway
    from alerta_utec.gateway.recipients import Room

log = logging.getLogger(__name__)

ABNORMAL = (1006, "Connection closed abnormally")
NO_STATUS = (1005, "Client-side close frame status not set")
TOO_SLOW = (1013, "Try again later")
NO_FD = -1


class Session:
    """Reads one client's messages, runs their routes one after another, and writes to it.

    API Gateway promises no order between two messages of a client; here one is handled at a
    time, so a client that sends faster than it is served waits in its own socket.
    """

    __slots__ = (
        "_closing",
        "_gateway",
        "_timer",
        "behind",
        "client",
        "ended",
        "fd",
        "room",
        "socket",
        "touched_ms",
        "transport",
    )

    def __init__(
        self,
        gateway: "Gateway",
        client: Client,
        socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport,
    ):
        self._gateway = gateway
        self.socket = socket
        self._timer: asyncio.TimerHandle | None = None
        self._closing: tuple[int, str] | None = None
        self.client = client
        self.room: Room | None = None
        self.touched_ms = client.connected_at_ms
        self.transport = transport
        # What goes to an encrypted socket must pass its transport: it counts as behind for good.
        encrypted = transport.get_extra_info("sslcontext") is not None
        self.fd = NO_FD if encrypted else transport.get_extra_info("socket").fileno()
        self.behind = encrypted
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serve the open socket until it ends; then ``$disconnect`` runs."""
        hub = self._gateway.hub
        hub.add(self)
        if self.fd != NO_FD:
            self.transport.set_write_buffer_limits(high=0)
        self._schedule()
        code, reason = ABNORMAL
        try:
            code, reason = await self._read()
        finally:
            hub.remove(self)
            if self._timer is not None:
                self._timer.cancel()
            await self._gateway.disconnected(disconnect_event(self.client, code, reason))
            self.ended.set_result(None)

    @property
    def last_active_ms(self) -> int:
        """When the last message passed, either way; epoch milliseconds."""
        room = self.room
        return self.touched_ms if room is None else max(self.touched_ms, room.told_ms)

    def write(self, data: bytes) -> bool:
        """Queue whole frames for the client; never waits.

        Returns:
            False where the client reads too slowly: it is cut off (1013) and syncs later.
        """
        if self._closing is not None or self.transport.is_closing():
            return False
        if self.waiting_bytes() + len(data) > self._gateway.limits.buffer_max_bytes:
            self.cut_off()
            return False
        self.transport.write(data)
        self._touch()
        return True

    def fall_behind(self) -> None:
        """Bytes wait in the transport, so later ones must queue there too."""
        self._gateway.hub.mark(self, behind=True)

    def catch_up(self) -> None:
        """None wait there any more."""
        self._gateway.hub.mark(self, behind=self.fd == NO_FD)

    def lost(self) -> None:
        """The connection is over."""
        self._gateway.hub.remove(self)

    def waiting_bytes(self) -> int:
        """What the client has not read yet, as far as this process holds it."""
        return self.transport.get_write_buffer_size()

    def cut_off(self) -> None:
        """End a connection whose client reads too slowly."""
        if self._closing is not None:
            return
        log.warning("client_too_slow", extra={"connection_id": self.client.connection_id})
        # A client that does not read never sees this frame, so the abort does not wait for it.
        self._closing = TOO_SLOW
        self.transport.write(close_frame(*TOO_SLOW))
        self._gateway.hub.leave(self)
        asyncio.get_running_loop().call_later(self._gateway.limits.abort_after_s, self.abort)

    def abort(self) -> None:
        """End a connection at once; what waits for its client is let go."""
        self._gateway.hub.remove(self)
        self.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Close from our side: a close frame, then the end of the connection."""
        if self._closing is not None:
            return
        self._closing = (code, reason)
        self._gateway.hub.remove(self)
        try:
            async with asyncio.timeout(self._gateway.limits.closing_s):
                await self.socket.close(code=code, message=reason.encode())
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self.transport.abort()

    async def _answer_close(self, code: int) -> None:
        """Echo the client's close frame; one that reads nothing any more is not waited for."""
        self._closing = (code, "")
        self._gateway.hub.remove(self)
        limits = self._gateway.limits
        try:
            async with asyncio.timeout(limits.closing_s):
                await self.socket.close(code=code, drain=False)
        except (TimeoutError, ConnectionError):
            pass
        if self.transport.is_closing():
            asyncio.get_running_loop().call_later(limits.abort_after_s, self.transport.abort)
        else:
            self.transport.abort()

    async def _read(self) -> tuple[int, str]:
        """The close code and reason in the end."""
        while True:
            message = await self.socket.receive()
            if message.type is WSMsgType.TEXT:
                if self._closing == TOO_SLOW:
                    continue  # nobody could tell it what became of this
                self._touch()
                await self._handle(message.data)
            elif message.type is WSMsgType.BINARY:
                await self.close(1003, "Binary is not supported")
            elif message.type is WSMsgType.CLOSE:
                await self._answer_close(message.data or 1000)
                return (message.data, message.extra or "") if message.data else NO_STATUS
            elif message.type is WSMsgType.ERROR:
                return self._closing or (self.socket.close_code or 1006, "")
            else:  # CLOSING or CLOSED: by our side, or the connection broke
                return self._closing or ABNORMAL

    async def _handle(self, text: str) -> None:
        gateway = self._gateway
        route_key = select_route(text, gateway.actions)
        route = gateway.routes.get(route_key)
        if route is None:
            self._refuse("Forbidden", new_id())
            return
        event = message_event(self.client, route_key, text)
        try:
            response = await gateway.invoke(route.handler, event, batched=route.batched)
        except Exception:
            log.exception("handler_failed", extra={"route": route_key})
            self._refuse("Internal server error", event["requestContext"]["requestId"])
            return
        body = response.get("body") if isinstance(response, dict) else None
        if route.two_way and (body or not route.may_be_silent):
            self._answer(text_frame((body or "").encode()))

    def _refuse(self, message: str, request_id: str) -> None:
        # API Gateway's own frames have a space after the first comma and colon only.
        connection_id = self.client.connection_id
        frame = (
            f'{{"message": "{message}", "connectionId":"{connection_id}", '
            f'"requestId":"{request_id}"}}'
        )
        self._answer(text_frame(frame.encode()))

    def _answer(self, data: bytes) -> None:
        self.write(data)
        self._gateway.hub.bound()

    def _touch(self) -> None:
        self.touched_ms = int(time.time() * 1000)

    def _schedule(self) -> None:
        """Wake up when the client will have been idle, or connected, for too long."""
        limits = self._gateway.limits
        ends_at_ms = min(
            self.last_active_ms + limits.idle_s * 1000,
            self.client.connected_at_ms + limits.age_s * 1000,
            self._gateway.hub.ends_at_ms(self.client.connection_id) or math.inf,
        )
        left_s = ends_at_ms / 1000 - time.time()
        if left_s <= 0:
            self._gateway.spawn(self.close(1001, "Going away"))
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(left_s + 0.001, self._schedule)


def select_route(text: str, actions: frozenset[str]) -> str:
    """The route key for a message, by ``$request.body.action``.

    An exact match of ``actions``; ``$default`` for everything else, non-JSON included.
    ``$connect`` and ``$disconnect`` are never selected.
    """
    try:
        body: Any = from_json(text)
    except ValueError:
        return "$default"
    action = body.get("action") if isinstance(body, dict) else None
    return action if isinstance(action, str) and action in actions else "$default"
