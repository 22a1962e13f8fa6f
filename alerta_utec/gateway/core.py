"""The gateway as a plain object: its routes, its open sockets, and the execution of handlers.

``server.py`` and ``session.py`` submit events here. Handlers of batched routes run in the
cooperative executor: ``executor.py``, with the time limits of ``deadlines.py``. It is made for
handlers that commit in ``adapters/sqlite/group_commit.py``; ``deployments/local/storage.py`` wires
the two. All other handlers run in the threads of ``pools.py``.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.hosts import Hosts
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.address_limit import AddressLimit
from alerta_utec.gateway.deadlines import Deadlines
from alerta_utec.gateway.events import LambdaEvent
from alerta_utec.gateway.executor import CooperativeExecutor, Handler
from alerta_utec.gateway.forwarded import TrustedProxies
from alerta_utec.gateway.http_backlog import HttpBacklog
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.pools import DEFAULT_POOL, POOLS, HandlerPools, PoolFull, PoolSize

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A WebSocket route and its handler.

    ``two_way``: the handler's body is sent to the client. ``may_be_silent``: a response without
    a body sends nothing; API Gateway, which has no such route, sends an empty frame.
    ``batched``: the handler runs in the ``CooperativeExecutor``, else in the threads of ``pool``.
    """

    handler: Handler
    two_way: bool = False
    may_be_silent: bool = False
    batched: bool = False
    pool: str = "feed"


class Gateway:
    """A runner of handlers for events, in a bounded number of threads.

    It is the ``BroadcastLoad`` of the service on one machine.

    Args:
        routes: by WebSocket route key; ``$connect``, ``$disconnect`` and ``$default`` may be
            missing, as on API Gateway.
        origins: the origins of pages that can read the HTTP API (CORS); ``None`` for no CORS.
        hosts: the names by which clients may call the service; ``None`` for any.
        proxies: those whose forwarded headers are believed.
        max_per_address: the limit of connections from each address other than this machine's own.
        http: the handler of the HTTP API's routes, whose keys are ``http_routes``.
        http_pools: the pools of routes that do not run in the default one, by route key.
        refusal: the handler of an event, of either API, whose pool's queue is full.
        pools: the sizes of the pools by name.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        stage: str,
        hub: Hub,
        limits: Limits | None = None,
        http: Handler | None = None,
        http_routes: tuple[str, ...] = (),
        http_pools: Mapping[str, str] | None = None,
        refusal: Handler | None = None,
        pools: Mapping[str, PoolSize] = POOLS,
        origins: Origins | None = None,
        hosts: Hosts | None = None,
        proxies: TrustedProxies | None = None,
        max_per_address: int | None = None,
    ) -> None:
        self.routes = routes
        self.actions = frozenset(key for key in routes if not key.startswith("$"))
        self.stage = stage
        self.hub = hub
        self.limits = limits or Limits()
        self.http = http
        self.http_routes = http_routes
        self.http_pools = http_pools or {}
        self._refusal = refusal
        self.origins = origins
        self.hosts = hosts
        self.proxies = proxies or TrustedProxies()
        self.addresses = AddressLimit(max_per_address)
        self.http_backlog = HttpBacklog(self.limits)
        self._tasks: set[asyncio.Task[None]] = set()
        self._executor = CooperativeExecutor()
        self._deadlines = Deadlines(self.limits.handler_s)
        self._pools = HandlerPools(pools)

    def subscriber_count(self) -> int:
        """See ``BroadcastLoad``: the number of open sockets."""
        return self.hub.sockets.count()

    def submissions_in_progress(self) -> int:
        """See ``BroadcastLoad``: the handlers of batched routes that have not been answered."""
        return self._executor.in_progress

    async def invoke(
        self,
        handler: Handler,
        event: LambdaEvent,
        *,
        batched: bool = False,
        pool: str = DEFAULT_POOL,
    ) -> Any:
        """Run the handler in a thread and return its result.

        If the pool's queue is full, the result is that of ``refusal``.

        Raises:
            TimeoutError: it has not returned after 29 s; it may still be running.
            Exception: any exception of the handler.
        """
        if batched:
            future = self._executor.submit(handler, event)
            self._deadlines.watch(future)
            return await future
        async with asyncio.timeout(self.limits.handler_s):
            try:
                return await self._pools.run(pool, handler, event)
            except PoolFull:
                log.warning("pool_full", extra={"pool": pool})
                return self.refuse(event)

    def refuse(self, event: LambdaEvent) -> Any:
        """Return the response to an event that is not handled for want of capacity."""
        return {"statusCode": 503} if self._refusal is None else self._refusal(event, None)

    async def run_connect(self, event: LambdaEvent) -> Mapping[str, Any]:
        """Run ``$connect`` and return its response; 502 if it fails or has no valid status."""
        route = self.routes.get("$connect")
        if route is None:
            return {"statusCode": 200}
        try:
            response = await self.invoke(route.handler, event, pool=route.pool)
        except Exception:
            log.exception("connect_failed")
            return {"statusCode": 502}
        status = response.get("statusCode") if isinstance(response, dict) else None
        valid = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
        return response if valid else {"statusCode": 502}

    async def run_disconnect(self, event: LambdaEvent) -> None:
        """Run ``$disconnect``, best effort."""
        route = self.routes.get("$disconnect")
        if route is None:
            return
        try:
            await self.invoke(route.handler, event, pool=route.pool)
        except Exception:
            log.exception("disconnect_failed")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` as a task, which ``close`` waits for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close every socket with 1001, wait for their ``$disconnect`` and end the threads."""
        sockets = self.hub.sockets.all()
        await asyncio.gather(*(socket.close(1001, "Going away") for socket in sockets))
        await asyncio.gather(*(socket.ended for socket in sockets))
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._executor.close)
        await asyncio.to_thread(self._pools.close)
