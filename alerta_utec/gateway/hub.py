"""The hub of one process: its open sockets, and the ports that it plays over them."""

from alerta_utec.gateway.broadcast import GatewaySubscribers
from alerta_utec.gateway.connections import GatewayConnections
from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.loop_bridge import LoopBridge
from alerta_utec.gateway.poster import GatewayPoster
from alerta_utec.gateway.registry import SocketRegistry
from alerta_utec.gateway.sending import FASTEST, BulkWriter
from alerta_utec.ports.clock import Clock


class Hub:
    """The three ports of the kernel over one set of sockets, and the registry of those sockets.

    Use cases take ``connections``, ``poster`` or ``subscribers``; the gateway itself takes
    ``sockets`` and ``loop``.
    """

    def __init__(
        self, clock: Clock, limits: Limits | None = None, writer: BulkWriter = FASTEST
    ) -> None:
        directory = SubscriberDirectory()
        self.loop = LoopBridge()
        self.sockets = SocketRegistry(directory, limits or Limits())
        self.connections = GatewayConnections(directory, clock)
        self.poster = GatewayPoster(directory, self.sockets, self.loop)
        self.subscribers = GatewaySubscribers(directory, self.sockets, self.loop, clock, writer)
