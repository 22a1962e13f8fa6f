"""The protocol of one socket: aiohttp's, whose session learns what the transport says."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session


class HttpProtocol(web.RequestHandler):
    """One accepted socket; ``session`` is there once it has become a WebSocket."""

    __slots__ = ("session",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.session: Session | None = None

    def pause_writing(self) -> None:
        """The transport holds bytes that the system has not taken."""
        super().pause_writing()
        if self.session is not None:
            self.session.fall_behind()

    def resume_writing(self) -> None:
        """It holds none any more."""
        super().resume_writing()
        if self.session is not None:
            self.session.catch_up()

    def connection_lost(self, error: BaseException | None) -> None:
        """The connection is over; its descriptor is closed, and may be another's, after this."""
        if self.session is not None:
            self.session.lost()
            self.session = None
        super().connection_lost(error)
