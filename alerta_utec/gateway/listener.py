"""The listening sockets: accept all waiting connections in one turn of the event loop."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

log = logging.getLogger(__name__)

BACKLOG = 4096
# The most connections in one turn of the loop: as many as can have waited when it began.
ACCEPTS_MAX = BACKLOG
# The pause after an error of ``accept``: the system is out of descriptors or memory.
PAUSE_S = 1.0
# The time for a TLS handshake.
HANDSHAKE_S = 10.0


class Listener:
    """A listener on an address that gives each accepted connection a protocol.

    libuv accepts one connection per turn of the loop. When thousands of clients reconnect at
    once, the system's queue then overflows, and the refused clients retry only after 1, 3, 7, 15
    and 31 s.
    """

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext | None = None,
        *,
        pause_s: float = PAUSE_S,
        handshake_s: float = HANDSHAKE_S,
    ) -> None:
        self._protocol = protocol
        self._tls = tls
        self._pause_s = pause_s
        self._handshake_s = handshake_s
        self._sockets: list[socket.socket] = []
        self._opening: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; port 0 lets the system choose one.

        Raises:
            OSError: the address is in use or does not belong to this machine.
        """
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM
        found = await loop.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
        try:
            for family, *_, address in dict.fromkeys(found):
                listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
                listening.setblocking(False)
                self._sockets.append(listening)
        except OSError:
            self.stop()
            raise
        for listening in self._sockets:
            loop.add_reader(listening, self._accept, listening)
        return int(self._sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop accepting."""
        loop = asyncio.get_running_loop()
        for listening in self._sockets:
            loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTS_MAX):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                log.exception("accept_failed")
                loop.remove_reader(listening)
                loop.call_later(self._pause_s, self._resume, listening)
                return
            accepted.setblocking(False)
            task = loop.create_task(self._open(accepted))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _resume(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    async def _open(self, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                self._protocol,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_s if self._tls else None,
            )
        except (OSError, ssl.SSLError):  # the TLS handshake failed, or the client is gone
            accepted.close()
