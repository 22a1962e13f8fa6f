"""The gateway as a plain object: routes, the open sockets and the threads that run handlers."""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.deadlines import Deadlines
from alerta_utec.gateway.events import Event
from alerta_utec.gateway.executor import CooperativeExecutor, Handler
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.limits import Limits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """What a route key runs.

    ``two_way``: the handler's body goes back to the client. ``may_be_silent``: where there is
    none, nothing does; API Gateway, which has no such route, sends an empty frame.
    ``batched``: the handler takes turns with others, as ``CooperativeExecutor`` has it.
    """

    handler: Handler
    two_way: bool = False
    may_be_silent: bool = False
    batched: bool = False


class Gateway:
    """Runs handlers on events, in a bounded number of threads.

    Args:
        routes: by WebSocket route key; ``$connect``, ``$disconnect`` and ``$default`` may be
            missing, as on API Gateway.
        origins: whose pages may read the HTTP API (CORS); none: nobody is told of any.
        max_per_address: sockets from one address that is not this machine's.
        http: runs the HTTP API's routes, whose keys are ``http_routes``.
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
        origins: Origins | None = None,
        max_per_address: int | None = None,
    ) -> None:
        self.routes = routes
        self.actions = frozenset(key for key in routes if not key.startswith("$"))
        self.stage = stage
        self.hub = hub
        self.limits = limits or Limits()
        self.http = http
        self.http_routes = http_routes
        self.origins = origins
        self._max_per_address = max_per_address
        self._per_address: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._batches = CooperativeExecutor()
        self._deadlines = Deadlines(self.limits.handler_s)
        self._pool = ThreadPoolExecutor(self.limits.handler_threads, thread_name_prefix="handler")

    def subscriber_count(self) -> int:
        """See ``BroadcastLoad``: the number of open sockets."""
        return self.hub.count()

    def submissions_in_progress(self) -> int:
        """See ``BroadcastLoad``: the handlers of batched routes that have not been answered."""
        return self._batches.running

    def enter(self, address: str) -> bool:
        """Count one more socket of ``address``; False where it has as many as it may have."""
        full = self._max_per_address
        if full is not None and self._per_address[address] >= full and not _is_here(address):
            return False
        self._per_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One socket of ``address`` less."""
        self._per_address[address] -= 1
        if self._per_address[address] <= 0:
            del self._per_address[address]

    async def invoke(self, handler: Handler, event: Event, *, batched: bool = False) -> Any:
        """What the handler returns.

        Raises:
            TimeoutError: it has not returned after 29 s (it may still be running).
            Exception: whatever it raises.
        """
        if batched:
            future = self._batches.run(handler, event)
            self._deadlines.watch(future)
            return await future
        async with asyncio.timeout(self.limits.handler_s):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, handler, event, None)

    async def connect(self, event: Event) -> Mapping[str, Any]:
        """The response of ``$connect``; 502 where it fails or has no valid status."""
        route = self.routes.get("$connect")
        if route is None:
            return {"statusCode": 200}
        try:
            response = await self.invoke(route.handler, event)
        except Exception:
            log.exception("connect_failed")
            return {"statusCode": 502}
        status = response.get("statusCode") if isinstance(response, dict) else None
        valid = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
        return response if valid else {"statusCode": 502}

    async def disconnected(self, event: Event) -> None:
        """Run ``$disconnect``, best effort."""
        route = self.routes.get("$disconnect")
        if route is None:
            return
        try:
            await self.invoke(route.handler, event)
        except Exception:
            log.exception("disconnect_failed")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` beside everything else; ``close`` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close every socket with 1001, wait for their ``$disconnect`` and end the threads."""
        sessions = self.hub.sessions()
        await asyncio.gather(*(session.close(1001, "Going away") for session in sessions))
        await asyncio.gather(*(session.ended for session in sessions))
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._batches.close)
        await asyncio.to_thread(self._pool.shutdown)


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
