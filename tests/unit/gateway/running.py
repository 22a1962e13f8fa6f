"""A gateway with the test's handlers, on a real port, in a thread of this process."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.core import Gateway, Route
from alerta_utec.gateway.executor import Handler
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.pools import POOLS, PoolSize
from alerta_utec.gateway.server import GatewayServer

STAGE = "dev"
START_S = 10


@dataclass
class Recorder:
    """A handler that keeps its events and returns ``response``, or raises it."""

    response: Any = field(default_factory=lambda: {"statusCode": 200})
    events: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, event: dict[str, Any], _context: object) -> Any:
        self.events.append(event)
        self.arrived.release()
        if isinstance(self.response, Exception):
            raise self.response
        return self.response

    def next(self, within_s: float = 10) -> dict[str, Any]:
        """Wait for the next event and return it."""
        assert self.arrived.acquire(timeout=within_s), "no event came"
        return self.events[-1]


@dataclass(frozen=True)
class Running:
    """A gateway that serves, and its port."""

    port: int
    gateway: Gateway
    hub: Hub

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/{STAGE}"

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def gateway(
    routes: Mapping[str, Route],
    *,
    limits: Limits | None = None,
    http: Handler | None = None,
    http_routes: tuple[str, ...] = (),
    http_pools: Mapping[str, str] | None = None,
    refusal: Handler | None = None,
    pools: Mapping[str, PoolSize] = POOLS,
    origins: Origins | None = None,
    tls: ssl.SSLContext | None = None,
    hub: Hub | None = None,
) -> Iterator[Running]:
    """Serve ``routes`` until the block ends."""
    hub = hub or Hub(SystemClock(), limits)
    loop = uvloop.new_event_loop()
    made = Gateway(
        routes,
        stage=STAGE,
        hub=hub,
        limits=limits,
        http=http,
        http_routes=http_routes,
        http_pools=http_pools,
        refusal=refusal,
        pools=pools,
        origins=origins,
    )
    server = GatewayServer(made)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        started = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0, tls), loop)
        yield Running(started.result(START_S), made, hub)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
