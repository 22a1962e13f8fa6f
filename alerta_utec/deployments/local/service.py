"""The service on one machine: gateway, SQLite and e-mail in one process."""

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from zoneinfo import ZoneInfo

import uvloop

from alerta_utec.adapters import event_log
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.adapters.sqlite.delivery_writer import DeliveryWriter
from alerta_utec.app.access import Access
from alerta_utec.app.broadcast_coalescer import BroadcastCoalescer
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.app.local_broadcast import LocalBroadcast
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import Sessions, Subscriptions
from alerta_utec.app.stats import Stats
from alerta_utec.app.submit import Submit
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.deployments.local.storage import Backing, open_backing
from alerta_utec.deployments.local.webhooks import LocalWebhooks
from alerta_utec.domain.change import Change
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.core import Gateway, Route
from alerta_utec.gateway.executor import Handler
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.server import GatewayServer
from alerta_utec.handlers.connections import Connect, Disconnect
from alerta_utec.handlers.http import HttpApi
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.routes import HTTP_ROUTES, WEBSOCKET_ROUTES, HandlerName, WebSocketRoute
from alerta_utec.handlers.websocket import (
    Default,
    MessageRoute,
    Notify,
    Ping,
    Subscribe,
    Sync,
    UpdateIncident,
)
from alerta_utec.notifications.deliveries import CombinedDeliveries
from alerta_utec.notifications.local.workers import NotificationWorkers
from alerta_utec.notifications.throttle import ThrottlePolicy
from alerta_utec.webhooks.local.worker import WebhookWorker
from alerta_utec.webhooks.manage import ManageWebhooks

log = logging.getLogger(__name__)

MAIL_STOP_S = 15.0
WEBHOOKS_STOP_S = 5.0
WRITER_STOP_S = 5.0


class LocalHome:
    """The service on one machine, ready to run once."""

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        self._clock = SystemClock()
        self._hub = Hub(self._clock, settings.limits)
        self._coalescer: BroadcastCoalescer | None = None
        self._mail: NotificationWorkers | None = None
        self._webhooks: WebhookWorker | None = None

    def run(self, on_ready: Callable[[str, str], None] | None = None) -> None:
        """Serve until SIGINT or SIGTERM; ``on_ready`` gets the HTTP and the WebSocket URL.

        Raises:
            OSError: the address cannot be listened on.
            DataRefused: the data folder is in use by another server or cannot be used, or the
                certificate cannot.
            ValueError: the mail URL is not usable.
        """
        event_log.configure()
        os.umask(0o077)  # what is written from here on is for this user alone
        _allow_many_files()
        with ExitStack() as resources, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            backing = open_backing(self.settings, self, resources)
            runner.run(self._serve(backing, on_ready))

    async def _serve(self, backing: Backing, on_ready: Callable[[str, str], None] | None) -> None:
        settings = self.settings
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        writer = DeliveryWriter(backing.deliveries)
        recorder = Recorder(writer)
        webhooks = LocalWebhooks.over(
            backing.webhooks,
            backing.store,
            self._clock,
            recorder,
            source=f"/alerta-utec/{settings.stage}",
            allow_private=settings.webhook_allow_private,
        )
        self._webhooks = webhooks.worker
        gateway = self._gateway(backing, webhooks.manage)
        server = GatewayServer(gateway)
        self._coalescer = BroadcastCoalescer(
            LocalBroadcast(self._hub.subscribers, self._clock, recorder),
            loop,
            gateway,
            max_bytes=settings.limits.buffer_max_bytes // 2,
        )
        self._mail = NotificationWorkers(
            backing.notices,
            backing.store,
            settings.routes(),
            backing.channels,
            ThrottlePolicy(
                timedelta(seconds=settings.mail_window_s),
                burst=settings.mail_limit,
                per_hour=settings.mail_limit,
            ),
            self._clock,
            settings.lang,
        )
        port = await server.start(settings.host, settings.port, settings.tls())
        writer.start()
        self._mail.start()
        self._webhooks.start()
        try:
            if on_ready is not None:
                address = f"[{settings.host}]" if ":" in settings.host else settings.host
                secure = "s" if settings.certificate else ""
                on_ready(
                    f"http{secure}://{address}:{port}",
                    f"ws{secure}://{address}:{port}/{settings.stage}",
                )
            await stop.wait()
        finally:
            await server.stop()
            await asyncio.to_thread(self._mail.stop, MAIL_STOP_S)
            await asyncio.to_thread(self._webhooks.stop, WEBHOOKS_STOP_S)
            await asyncio.to_thread(writer.stop, WRITER_STOP_S)

    def _gateway(self, backing: Backing, webhooks: ManageWebhooks) -> Gateway:
        store, authenticator = backing.store, sign_in.authenticator(self.settings.auth)
        life_s, origins = self.settings.limits.age_s, Origins(self.settings.origins)
        sessions = Sessions(self._hub.connections, authenticator, life_s)
        access = Access(self._hub.connections, sign_in=authenticator.required)
        # Without sign-in only this machine gets here, or whoever --insecure lets in.
        limit = SubmitLimit(InProcessRateLimits(), self._clock) if access.sign_in else NoLimit()
        submit, catch_up = Submit(store, self._clock), CatchUp(store)
        stats = Stats(store, self._clock, ZoneInfo(self.settings.timezone))
        handlers: dict[HandlerName, Handler] = {
            "connect": Connect(sessions, origins),
            "disconnect": Disconnect(sessions),
            "notify": MessageRoute(Notify(submit, access, limit), access.lang),
            "update": MessageRoute(UpdateIncident(submit, access, limit), access.lang),
            "subscribe": MessageRoute(Subscribe(Subscriptions(access)), access.lang),
            "ping": MessageRoute(Ping(catch_up, access, life_s), access.lang),
            "sync": MessageRoute(Sync(catch_up, access), access.lang),
            "default": MessageRoute(Default(), access.lang),
            "http": HttpApi(
                store,
                CombinedDeliveries(backing.deliveries, backing.notices),
                submit,
                stats,
                authenticator,
                limit,
                self._web_socket_url,
                CapAlerts(
                    self.settings.mail_from,
                    ZoneInfo(self.settings.timezone),
                    self.settings.lang,
                    restricted=authenticator.required,
                ),
                lambda: webhooks,
            ),
        }
        return Gateway(
            {r.key: _route(r, handlers[r.handler]) for r in WEBSOCKET_ROUTES},
            stage=self.settings.stage,
            hub=self._hub,
            limits=self.settings.limits,
            http=handlers["http"],
            http_routes=HTTP_ROUTES,
            origins=origins,
            max_per_address=self.settings.max_per_address,
        )

    def _web_socket_url(self, request: Request) -> str:
        """As the client that asks can reach it, through a proxy too."""
        secure = self.settings.certificate or request.header("x-forwarded-proto") == "https"
        scheme = "wss" if secure else "ws"
        return f"{scheme}://{request.header('host') or 'localhost'}/{self.settings.stage}"

    def committed(self, change: Change) -> None:
        """Pass a committed change to the broadcast and wake the workers; see ``CommitListener``."""
        if self._coalescer is not None:
            self._coalescer.committed(change)
        if self._mail is not None and change.notifies():
            self._mail.wake()
        if self._webhooks is not None:
            self._webhooks.committed()


def _route(route: WebSocketRoute, handler: Handler) -> Route:
    """A route that API Gateway has to keep one-way, since it may have nothing to answer, answers
    all the same where it has: no post to the connection is needed for it here."""
    return Route(
        handler,
        two_way=True,
        may_be_silent=not route.two_way,
        batched=route.handler in ("notify", "update"),
    )


def _allow_many_files() -> None:
    """A socket is a file: take as many as the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
