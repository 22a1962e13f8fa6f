"""The threads that run handlers, in one pool for each thing that handlers wait for."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from alerta_utec.gateway.events import LambdaEvent
from alerta_utec.gateway.executor import Handler


@dataclass(frozen=True, slots=True)
class PoolSize:
    """The number of threads of a pool, and of the events that may wait for one."""

    threads: int
    waiting_max: int


# Each open socket has one message in progress at most, so that the pools of messages need no
# smaller bound than one machine has sockets.
_SOCKETS_MAX = 65_536
# A request that waits keeps its body, of 1 MB at most.
_REQUESTS_MAX = 256

# Reads compute more than they wait: further threads would only take the interpreter from the event
# loop, and each holds a page.
_READERS = 3

# Where tokens are checked, a few callers can wait for the issuer (``PublishedKeys``): the pools of
# reads, writes and handshakes have threads left for the others.
POOLS: Mapping[str, PoolSize] = {
    "read": PoolSize(8, _REQUESTS_MAX),
    "write": PoolSize(16, _REQUESTS_MAX),
    "statistics": PoolSize(2, 64),
    "webhook_test": PoolSize(8, 32),
    "health": PoolSize(2, 1024),
    "handshake": PoolSize(8, _SOCKETS_MAX),
    "disconnect": PoolSize(2, _SOCKETS_MAX),
    "ping": PoolSize(2, _SOCKETS_MAX),
    "feed": PoolSize(_READERS, _SOCKETS_MAX),
}
POOLS_WITHOUT_SIGN_IN: Mapping[str, PoolSize] = {**POOLS, "read": PoolSize(_READERS, _REQUESTS_MAX)}
DEFAULT_POOL = "read"


class PoolFull(Exception):
    """The pool's queue is full; the handler was not run."""


class HandlerPools:
    """Thread pools by name, each with a bounded queue.

    A pool whose handlers hang, such as on a webhook's receiver, delays no handler of another.
    """

    def __init__(self, sizes: Mapping[str, PoolSize] = POOLS) -> None:
        self._pools = {name: _Pool(name, size) for name, size in sizes.items()}

    async def run(self, pool: str, handler: Handler, event: LambdaEvent) -> Any:
        """Run the handler in a thread of the pool and return its result.

        Raises:
            PoolFull: as many events wait as may.
            Exception: any exception of the handler.
        """
        return await asyncio.wrap_future(self._pools[pool].submit(handler, event))

    def close(self) -> None:
        """Run the handlers that wait, and end the threads."""
        for pool in self._pools.values():
            pool.threads.shutdown()


class _Pool:
    def __init__(self, name: str, size: PoolSize) -> None:
        self.threads = ThreadPoolExecutor(size.threads, thread_name_prefix=name)
        self._free = threading.BoundedSemaphore(size.threads + size.waiting_max)

    def submit(self, handler: Handler, event: LambdaEvent) -> Future[Any]:
        """Queue the handler.

        Raises:
            PoolFull.
        """
        if not self._free.acquire(blocking=False):
            raise PoolFull
        try:
            future = self.threads.submit(handler, event, None)
        except BaseException:
            self._free.release()
            raise
        # Also of a caller that gave up: its handler keeps the thread until it ends.
        future.add_done_callback(lambda _: self._free.release())
        return future
