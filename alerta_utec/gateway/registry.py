"""The open sockets of this process, and the limit of the bytes that wait for all of them."""

from operator import itemgetter

from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.socket import ClientSocket


class SocketRegistry:
    """The observer of all sockets; its methods are for the event loop, except the lookups."""

    def __init__(self, directory: SubscriberDirectory, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits
        # Open sockets with bytes in their transport.
        self._backlogged: set[ClientSocket] = set()
        # Sockets that were cut off, and whose bytes wait until they are aborted.
        self._cut_off: set[ClientSocket] = set()

    def add(self, socket: ClientSocket) -> None:
        """Add an open socket: frames reach it from now on."""
        self._directory.add_socket(socket)
        if socket.backlogged:
            self._backlogged.add(socket)

    def on_backlog_changed(self, socket: ClientSocket) -> None:
        """See ``SocketObserver``."""
        if socket.backlogged and self.get(socket.client.connection_id) is socket:
            self._backlogged.add(socket)
        else:
            self._backlogged.discard(socket)
        self._directory.refresh(socket)

    def on_cut_off(self, socket: ClientSocket) -> None:
        """See ``SocketObserver``."""
        self.on_closed(socket)
        self._cut_off.add(socket)

    def on_closed(self, socket: ClientSocket) -> None:
        """See ``SocketObserver``."""
        self._directory.remove_socket(socket)
        self._backlogged.discard(socket)
        self._cut_off.discard(socket)

    def enforce_total_limit(self) -> None:
        """Free memory if more than ``buffers_max_bytes`` wait for all clients together.

        Sockets that were cut off are aborted first. Then the sockets with the most waiting bytes
        are cut off; their bytes are freed by the next call.
        """
        if not self._backlogged and not self._cut_off:
            return
        waiting = [(socket.waiting_bytes(), socket) for socket in self._backlogged]
        leaving = [(socket.waiting_bytes(), socket) for socket in self._cut_off]
        excess = sum(size for size, _ in waiting + leaving) - self._limits.buffers_max_bytes
        if excess <= 0:
            return
        for size, socket in leaving:
            excess -= size
            socket.abort()
        for size, socket in sorted(waiting, key=itemgetter(0), reverse=True):
            if excess <= 0:
                return
            socket.cut_off()
            excess -= size

    def get(self, connection_id: str) -> ClientSocket | None:
        """Return the open socket of a connection."""
        return self._directory.socket(connection_id)

    def all(self) -> list[ClientSocket]:
        """Return all open sockets."""
        return self._directory.sockets()

    def count(self) -> int:
        """Return the number of open sockets."""
        return self._directory.socket_count()

    def last_active_ms(self, socket: ClientSocket) -> int:
        """Return when the last message passed, either way; epoch milliseconds."""
        return self._directory.last_active_ms(socket)

    def expires_at_ms(self, socket: ClientSocket) -> float | None:
        """Return when the socket's saved connection expires; epoch milliseconds."""
        connection = self._directory.connection(socket.client.connection_id)
        return None if connection is None else connection.expires_at.timestamp() * 1000
