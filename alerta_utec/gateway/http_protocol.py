"""aiohttp's protocol of one connection: its backlog, its count and the headers of its responses."""

import asyncio
from typing import Any, cast

from aiohttp import web

from alerta_utec.gateway.address_limit import AddressLimit, Admission
from alerta_utec.gateway.forwarded import TrustedProxies
from alerta_utec.gateway.http_backlog import HttpBacklog
from alerta_utec.gateway.responses import SERVER
from alerta_utec.gateway.socket import ClientSocket


class HttpProtocol(web.RequestHandler):
    """The protocol of one accepted connection.

    Attributes:
        refused: its address has too many connections, so its request gets 429.
    """

    __slots__ = (
        "_address",
        "_backlog",
        "_connection",
        "_limit",
        "_proxies",
        "client_socket",
        "refused",
    )

    def __init__(
        self,
        *args: Any,
        backlog: HttpBacklog,
        limit: AddressLimit,
        proxies: TrustedProxies,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._limit = limit
        self._proxies = proxies
        # The address that the connection is counted by. A proxy's requests are counted instead.
        self._address: str | None = None
        self.refused = False
        self._backlog = backlog
        # Kept to the end: ``transport`` is ``None`` as soon as the connection begins to close.
        self._connection: asyncio.WriteTransport | None = None
        # Set once the connection has become a WebSocket.
        self.client_socket: ClientSocket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and have the transport report each byte that waits in it."""
        super().connection_made(transport)
        # uvloop's transports do not derive from asyncio's.
        self._connection = cast(asyncio.WriteTransport, transport)
        self._connection.set_write_buffer_limits(high=1, low=0)
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if self._proxies.trust(address):
            return
        self._address = address
        admission = self._limit.enter(address)
        self.refused = admission is not Admission.ADMITTED
        if admission is Admission.EXCESS:
            self._connection.abort()

    async def finish_response(
        self, request: web.BaseRequest, response: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response, aiohttp's own included, with the headers that all have."""
        if not response.prepared:
            response.headers["Server"] = SERVER
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return await super().finish_response(request, response, start_time)

    def pause_writing(self) -> None:
        """Report that bytes wait in the transport: the system has not accepted them."""
        super().pause_writing()
        if self.client_socket is not None:
            self.client_socket.on_backlog()
        elif self._connection is not None:
            self._backlog.add(self._connection)

    def resume_writing(self) -> None:
        """Report that no bytes wait in the transport any more."""
        super().resume_writing()
        if self.client_socket is not None:
            self.client_socket.on_drained()
        if self._connection is not None:
            self._backlog.remove(self._connection)

    def connection_lost(self, error: BaseException | None) -> None:
        """Report the end of the connection.

        The transport closes its descriptor right after this; the number may then be reused for
        another connection.
        """
        if self._address is not None:
            self._limit.leave(self._address)
            self._address = None
        if self.client_socket is not None:
            self.client_socket.on_lost()
            self.client_socket = None
        if self._connection is not None:
            self._backlog.forget(self._connection)
        super().connection_lost(error)
