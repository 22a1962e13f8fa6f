"""The service on one machine: gateway, SQLite, e-mail and webhooks in one process."""

import asyncio
import gc
import os
import resource
import signal
from contextlib import ExitStack, suppress
from typing import Protocol

import uvloop

from alerta_utec.adapters import event_log
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.sqlite.group_commit import CommitListener
from alerta_utec.app.broadcast_coalescer import BroadcastCoalescer
from alerta_utec.app.local_broadcast import LocalBroadcast
from alerta_utec.deployments.local.gateway import build_gateway, build_services
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.deployments.local.storage import Storage, open_storage
from alerta_utec.deployments.local.workers import Workers
from alerta_utec.domain.change import Change
from alerta_utec.gateway.heartbeat import Heartbeat
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.server import GatewayServer


class OnReady(Protocol):
    """A callback for the moment from which the service accepts requests."""

    def __call__(self, http_url: str, web_socket_url: str) -> None:
        """Take note of the service's addresses."""
        ...


class LocalService:
    """The service on one machine; it runs once."""

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        self._clock = SystemClock()
        self._hub = Hub(self._clock, settings.limits)
        # In the order in which they learn of a change; empty until the service is built.
        self._listeners: tuple[CommitListener, ...] = ()

    def run(self, on_ready: OnReady | None = None) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            OSError: the address cannot be listened on.
            DataRefused: the data folder is in use by another server, or it or the certificate
                cannot be used.
            ValueError: the mail URL is not usable.
        """
        log_handler = event_log.configure()
        os.umask(0o077)  # files written from here on are readable for this user alone
        _raise_file_limit()
        with ExitStack() as resources, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            # The reason of a failure is printed after the lines that lead to it.
            resources.callback(log_handler.flush)
            storage = open_storage(self.settings, self, resources)
            runner.run(self._serve(storage, on_ready))

    def committed(self, change: Change) -> None:
        """Pass a committed change to the broadcast and the workers; see ``CommitListener``."""
        for listener in self._listeners:
            listener.committed(change)

    async def _serve(self, storage: Storage, on_ready: OnReady | None) -> None:
        stop = _stop_signal()
        workers = Workers(self.settings, storage, self._clock)
        heartbeat = Heartbeat(
            self._hub.sockets, storage.store.position(), self.settings.limits.heartbeat_s
        )
        server = self._server(storage, workers, heartbeat)
        port = await server.start(self.settings.host, self.settings.port, self.settings.tls())
        workers.start()
        _relieve_garbage_collector()
        beating = asyncio.create_task(heartbeat.run())
        try:
            if on_ready is not None:
                on_ready(*self._urls(port))
            await stop.wait()
        finally:
            beating.cancel()
            await server.stop()
            await workers.stop()

    def _server(self, storage: Storage, workers: Workers, heartbeat: Heartbeat) -> GatewayServer:
        """Build the gateway's server, and set the listeners of commits."""
        settings, manage = self.settings, workers.manage_webhooks
        services = build_services(settings, storage, self._hub, self._clock, manage)
        gateway = build_gateway(settings, self._hub, services)
        coalescer = BroadcastCoalescer(
            LocalBroadcast(self._hub.subscribers, self._clock, workers.recorder),
            asyncio.get_running_loop(),
            gateway,
            max_bytes=settings.limits.buffer_max_bytes // 2,
        )
        self._listeners = (coalescer, heartbeat, workers)
        return GatewayServer(gateway)

    def _urls(self, port: int) -> tuple[str, str]:
        settings = self.settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        secure = "s" if settings.certificate else ""
        return f"http{secure}://{host}:{port}", f"ws{secure}://{host}:{port}/{settings.stage}"


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _relieve_garbage_collector() -> None:
    """Keep what the start has made out of every collection, and collect less often.

    Cycles are rare here. With Python's thresholds, looking for them takes a thirtieth of the time
    of a rush of reports.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _raise_file_limit() -> None:
    """Raise the limit of open files, which sockets are too, as far as the system lets us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
