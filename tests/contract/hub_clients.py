"""Real clients of a real gateway, for the hub's contract."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from websockets.sync.client import ClientConnection, connect

from alerta_utec.gateway.core import Route
from alerta_utec.gateway.hub import Hub
from tests.unit.gateway.running import Recorder, Running, gateway

LAST = "no more"


class HubClients:
    """The open sockets of the hub."""

    def __init__(
        self, running: Running, connects: Recorder, disconnects: Recorder, stack: ExitStack
    ):
        self._running = running
        self._connects = connects
        self._disconnects = disconnects
        self._stack = stack
        self._clients: dict[str, ClientConnection] = {}

    def connect(self) -> str:
        client = self._stack.enter_context(connect(self._running.ws_url, max_size=None))
        connection_id: str = self._connects.next()["requestContext"]["connectionId"]
        self._clients[connection_id] = client
        return connection_id

    def disconnect(self, connection_id: str) -> None:
        self._clients[connection_id].close()
        self._disconnects.next()

    def received(self, connection_id: str, _count: int) -> list[str]:
        """Return everything up to a last frame of our own: frames keep their order."""
        self._running.hub.poster.post([connection_id], LAST)
        frames = []
        while (frame := self._clients[connection_id].recv(timeout=10)) != LAST:
            frames.append(str(frame))
        return frames


@contextmanager
def hub_with_clients() -> Iterator[tuple[Hub, HubClients]]:
    connects, disconnects = Recorder(), Recorder()
    routes = {"$connect": Route(connects), "$disconnect": Route(disconnects)}
    with gateway(routes) as running, ExitStack() as stack:
        yield running.hub, HubClients(running, connects, disconnects, stack)
