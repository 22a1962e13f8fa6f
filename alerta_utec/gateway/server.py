"""The network side of the gateway: HTTP requests and WebSocket handshakes on one port.

The way of a message in: ``handshake.py`` opens the socket, ``session.py`` reads it, ``core.py``
runs its handler. The way of a broadcast out: ``hub.py`` and ``broadcast.py`` to ``socket.py``.
"""

import asyncio
import logging
import ssl
from functools import partial
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from alerta_utec.domain.errors import MisdirectedRequest
from alerta_utec.domain.messages import preferred_lang
from alerta_utec.gateway import management
from alerta_utec.gateway.address_limit import Admission
from alerta_utec.gateway.core import Gateway
from alerta_utec.gateway.forwarded import RequestSource
from alerta_utec.gateway.handshake import accept
from alerta_utec.gateway.http_protocol import HttpProtocol
from alerta_utec.gateway.http_router import HttpRouter
from alerta_utec.gateway.listener import Listener
from alerta_utec.gateway.request_text import readable, readable_headers, request_target
from alerta_utec.gateway.responses import as_json, from_proxy, plain
from alerta_utec.gateway.sending import COMPILED
from alerta_utec.handlers.bounded_log import BoundedLog
from alerta_utec.handlers.responses import problem_response

log = logging.getLogger(__name__)


class WithoutClientFaults(logging.Filter):
    """A filter that turns records of malformed or unfinished requests into an event of its own.

    Their traceback would quote the request.
    """

    def __init__(self, refusals: BoundedLog) -> None:
        super().__init__()
        self._refusals = refusals

    def filter(self, record: logging.LogRecord) -> bool:
        """Let other records through."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError | ConnectionError):
            return True
        name = type(error).__name__
        self._refusals.write(logging.INFO, "request_broken", name, {"error": name})
        return False


_http_log = logging.getLogger(f"{__name__}.http")
_http_log.addFilter(WithoutClientFaults(BoundedLog(log)))


class GatewayServer:
    """A server that routes requests: ``/{stage}`` is the WebSocket API,
    ``/{stage}/@connections/{id}`` the management API, and every other path the HTTP API.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._http_router = HttpRouter(gateway)
        self._listener: Listener | None = None
        self._server: web.Server | None = None
        self._refusals = BoundedLog(log)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port; port 0 lets the system choose one.

        Raises:
            OSError: the address is in use or does not belong to this machine.
        """
        loop = asyncio.get_running_loop()
        self._gateway.hub.loop.attach(loop)
        limits = self._gateway.limits
        self._server = web.Server(self._dispatch)
        protocol = partial(
            HttpProtocol,
            self._server,
            loop=loop,
            access_log=None,
            logger=_http_log,
            limit=self._gateway.addresses,
            proxies=self._gateway.proxies,
            backlog=self._gateway.http_backlog,
            # Also limits the time from accept to a whole request head.
            keepalive_timeout=limits.handshake_s,
            lingering_time=limits.closing_s,
            # Handlers decompress bodies, as on AWS (``handlers.request``).
            auto_decompress=False,
        )
        self._listener = Listener(protocol, tls, handshake_s=limits.handshake_s)
        bound = await self._listener.start(host, port)
        log.info("listening", extra={"fan_out": "compiled" if COMPILED else "transports"})
        return bound

    async def stop(self) -> None:
        """Stop accepting, close every socket with 1001 and finish the requests in progress."""
        if self._listener is not None:
            self._listener.stop()
        await self._gateway.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(self._gateway.limits.closing_s)
        self._gateway.http_backlog.close()
        self._gateway.hub.loop.detach()

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        if len(request.raw_path) > self._gateway.limits.url_max_chars:
            return plain(414, "URI Too Long")
        source = self._source(request)
        if not self._is_our_name(request):
            names = {"address": source.client, "host": readable(request.headers.get("Host", ""))}
            self._refusals.write(logging.WARNING, "host_refused", source.client, names)
            lang = preferred_lang(request.headers.get("Accept-Language"))
            return from_proxy(problem_response(MisdirectedRequest(), lang))
        if not source.forwarded:
            refused = cast(HttpProtocol, request.protocol).refused
            return _too_many() if refused else await self._route(request, source)
        # A proxy's connections carry requests of many clients.
        addresses = self._gateway.addresses
        try:
            if addresses.enter(source.client) is not Admission.ADMITTED:
                return _too_many()
            return await self._route(request, source)
        finally:
            addresses.leave(source.client)

    def _source(self, request: web.BaseRequest) -> RequestSource:
        headers = readable_headers(request)
        return self._gateway.proxies.source(request.remote or "", headers, secure=request.secure)

    def _is_our_name(self, request: web.BaseRequest) -> bool:
        """Tell whether every ``Host`` names this service; what a proxy forwards is no proof."""
        hosts = self._gateway.hosts
        authority, _ = request_target(request)
        names = [*map(readable, request.headers.getall("Host", [])), *filter(None, [authority])]
        return hosts is None or all(map(hosts.allow, names))

    async def _route(self, request: web.BaseRequest, source: RequestSource) -> web.StreamResponse:
        path, _, query = request_target(request)[1].partition("?")
        root = f"/{self._gateway.stage}"
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if path.rstrip("/") != root:
                return as_json(403, {"message": "Forbidden"})
            return await accept(self._gateway, request, source, query)
        management_path = f"{root}/@connections/"
        if path.startswith(management_path):
            encoded_id = path.removeprefix(management_path)
            return await management.serve(self._gateway, request, encoded_id)
        if path.rstrip("/") == root:
            return plain(426, f"WebSocket: {root}", {"Upgrade": "websocket"})
        return await self._http_router.serve(request, source, path, query)


def _too_many() -> web.Response:
    response = plain(429, "Too many connections from this address", {"Retry-After": "10"})
    response.force_close()
    return response
