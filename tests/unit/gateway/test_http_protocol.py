"""The count of a connection, from its first moment to its end."""

import asyncio
from ipaddress import ip_network

from aiohttp import web

from alerta_utec.gateway.address_limit import AddressLimit, Admission
from alerta_utec.gateway.forwarded import TrustedProxies
from alerta_utec.gateway.http_backlog import HttpBacklog
from alerta_utec.gateway.http_protocol import HttpProtocol
from alerta_utec.gateway.limits import Limits

CLIENT, PROXY = "203.0.113.7", "10.0.0.1"
PROXIES = TrustedProxies([ip_network("10.0.0.0/8")])


class FakeTransport(asyncio.Transport):
    """The transport of a connection from an address, which says whether it was aborted."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 4711)})
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self.aborted


class Connections:
    """Connections to one server."""

    def __init__(self, limit: AddressLimit) -> None:
        self._limit = limit
        self._server = web.Server(self._respond)

    def open(self, address: str) -> tuple[HttpProtocol, FakeTransport]:
        """A new connection from an address."""
        loop = asyncio.get_running_loop()
        protocol = HttpProtocol(
            self._server,
            loop=loop,
            backlog=HttpBacklog(Limits()),
            limit=self._limit,
            proxies=PROXIES,
        )
        transport = FakeTransport(address)
        protocol.connection_made(transport)
        return protocol, transport

    async def _respond(self, _request: web.BaseRequest) -> web.Response:
        return web.Response()


def test_connections_without_a_request_are_counted() -> None:
    async def scenario() -> list[tuple[bool, bool]]:
        connections = Connections(AddressLimit(1))
        opened = [connections.open(CLIENT) for _ in range(3)]
        seen = [(protocol.refused, transport.aborted) for protocol, transport in opened]
        for protocol, _ in opened:
            protocol.connection_lost(None)
        return seen

    assert asyncio.run(scenario()) == [(False, False), (True, False), (True, True)]


def test_a_connection_that_has_ended_counts_no_more() -> None:
    async def scenario() -> bool:
        connections = Connections(AddressLimit(1))
        first, _ = connections.open(CLIENT)
        first.connection_lost(None)
        second, _ = connections.open(CLIENT)
        second.connection_lost(None)
        return second.refused

    assert asyncio.run(scenario()) is False


def test_a_trusted_proxy_s_connections_are_not_counted() -> None:
    limit = AddressLimit(1)

    async def scenario() -> list[bool]:
        connections = Connections(limit)
        opened = [connections.open(PROXY)[0] for _ in range(3)]
        refused = [protocol.refused for protocol in opened]
        for protocol in opened:
            protocol.connection_lost(None)
        return refused

    assert asyncio.run(scenario()) == [False, False, False]
    assert limit.enter(PROXY) is Admission.ADMITTED
