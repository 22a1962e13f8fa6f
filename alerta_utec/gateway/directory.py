"""The connections and open sockets of this process, brought together."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from alerta_utec.domain.change import Change
from alerta_utec.gateway.recipients import Target
from alerta_utec.gateway.socket import ClientSocket
from alerta_utec.gateway.subscribers import SubscriberGroups
from alerta_utec.ports.connections import Connection

_NEVER = datetime.max.replace(tzinfo=UTC)


class SubscriberDirectory:
    """The state that the hub's ports share: connections, open sockets, and subscriber groups.

    Thread-safe. A socket is in a group while it is open and its connection is saved and has not
    expired.
    """

    def __init__(self) -> None:
        # Held while connections, sockets or groups change, or recipients are looked up.
        self._lock = threading.Lock()
        self._connections: dict[str, Connection] = {}
        self._sockets: dict[str, ClientSocket] = {}
        self._groups = SubscriberGroups()
        # No connection expires before this time.
        self._next_expiry = _NEVER

    def save(self, connection: Connection) -> None:
        """Add a connection or replace it."""
        with self._lock:
            self._save(connection)

    def restore(self, connection: Connection) -> bool:
        """Add a connection whose socket is open, unless it is saved; return whether it was added.

        A message may be handled after its socket has closed and its connection was deleted.
        """
        name = connection.connection_id
        with self._lock:
            lost = name in self._sockets and name not in self._connections
            if lost:
                self._save(connection)
            return lost

    def delete(self, connection_id: str) -> None:
        """Remove a connection, if it is saved."""
        with self._lock:
            self._connections.pop(connection_id, None)
            self._regroup(connection_id)

    def connection(self, connection_id: str) -> Connection | None:
        """Return a connection, expired or not."""
        return self._connections.get(connection_id)

    def connections(self, now: datetime) -> list[Connection]:
        """Return all connections that have not expired."""
        return [one for one in list(self._connections.values()) if one.alive(now)]

    def add_socket(self, socket: ClientSocket) -> None:
        """Add an open socket."""
        with self._lock:
            self._sockets[socket.client.connection_id] = socket
            self._regroup(socket.client.connection_id)

    def remove_socket(self, socket: ClientSocket) -> None:
        """Remove a socket, if it is known."""
        with self._lock:
            self._sockets.pop(socket.client.connection_id, None)
            self._groups.leave(socket)

    def refresh(self, socket: ClientSocket) -> None:
        """Take note that the socket's ``backlogged`` has changed."""
        with self._lock:
            self._groups.refresh(socket)

    def socket(self, connection_id: str) -> ClientSocket | None:
        """Return the open socket of a connection."""
        return self._sockets.get(connection_id)

    def sockets(self) -> list[ClientSocket]:
        """Return all open sockets."""
        return list(self._sockets.values())

    def socket_count(self) -> int:
        """Return the number of open sockets."""
        return len(self._sockets)

    def last_active_ms(self, socket: ClientSocket) -> int:
        """Return when the last message passed, either way; epoch milliseconds."""
        return self._groups.last_active_ms(socket)

    def targets_of(self, changes: Sequence[Change], now: datetime) -> Sequence[Target]:
        """Return which sockets receive which of the changes; expired connections receive none."""
        with self._lock:
            if now >= self._next_expiry:
                self._expire(now)
            return self._groups.targets_of(changes)

    def _save(self, connection: Connection) -> None:
        self._connections[connection.connection_id] = connection
        self._next_expiry = min(self._next_expiry, connection.expires_at)
        self._regroup(connection.connection_id)

    def _regroup(self, connection_id: str) -> None:
        """Move the connection's open socket to the group of its current filter."""
        socket = self._sockets.get(connection_id)
        if socket is None:
            return
        self._groups.leave(socket)
        connection = self._connections.get(connection_id)
        if connection is not None:
            self._groups.join(socket, connection.filter, connection.form)

    def _expire(self, now: datetime) -> None:
        """Take expired connections out of their groups; delete those without an open socket."""
        self._next_expiry = _NEVER
        for connection in list(self._connections.values()):
            if connection.alive(now):
                self._next_expiry = min(self._next_expiry, connection.expires_at)
                continue
            socket = self._sockets.get(connection.connection_id)
            if socket is None:
                del self._connections[connection.connection_id]
            else:
                self._groups.leave(socket)
