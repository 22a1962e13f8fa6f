"""aiohttp's protocol of one connection, which reports backlog and loss to the client's socket."""

from typing import Any

from aiohttp import web

from alerta_utec.gateway.socket import ClientSocket


class HttpProtocol(web.RequestHandler):
    """The protocol of one accepted connection."""

    __slots__ = ("client_socket",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Set once the connection has become a WebSocket.
        self.client_socket: ClientSocket | None = None

    def pause_writing(self) -> None:
        """Report that bytes wait in the transport: the system has not accepted them."""
        super().pause_writing()
        if self.client_socket is not None:
            self.client_socket.on_backlog()

    def resume_writing(self) -> None:
        """Report that no bytes wait in the transport any more."""
        super().resume_writing()
        if self.client_socket is not None:
            self.client_socket.on_drained()

    def connection_lost(self, error: BaseException | None) -> None:
        """Report the end of the connection.

        The transport closes its descriptor right after this; the number may then be reused for
        another connection.
        """
        if self.client_socket is not None:
            self.client_socket.on_lost()
            self.client_socket = None
        super().connection_lost(error)
