"""Closing the connections of a credential on one machine."""

import asyncio

from alerta_utec.gateway.hub import Hub


class GatewayCredentials:
    """``CredentialConnections`` over the hub's sockets."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # The closes in progress, which the event loop does not keep alive by itself.
        self._closing: set[asyncio.Task[None]] = set()

    def close_all(self, credential: str) -> int:
        """See ``CredentialConnections``."""
        return self._hub.loop.run(lambda: self._close_all(credential))

    def _close_all(self, credential: str) -> int:
        hub = self._hub
        found = [
            connection.connection_id
            for page in hub.connections.pages()
            for connection in page
            if connection.credential == credential
        ]
        for connection_id in found:
            hub.connections.delete(connection_id)
            socket = hub.sockets.get(connection_id)
            if socket is not None:
                # As API Gateway closes a connection for DELETE.
                closing = asyncio.ensure_future(socket.close(1000, "Connection Closed Normally"))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        return len(found)
