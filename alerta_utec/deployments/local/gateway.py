"""The gateway of one machine, with the handlers of all routes over its services."""

from zoneinfo import ZoneInfo

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import AskingLimit, CallerLimit
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.handlers import Handler, Handlers, Services
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.deployments.local.storage import Storage
from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS, HTTP_ROUTES
from alerta_utec.domain.hosts import Hosts
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.core import Gateway, Route
from alerta_utec.gateway.credentials import GatewayCredentials
from alerta_utec.gateway.forwarded import TrustedProxies
from alerta_utec.gateway.hub import Hub
from alerta_utec.gateway.pools import POOLS, POOLS_WITHOUT_SIGN_IN
from alerta_utec.handlers.addresses import RequestedAddress
from alerta_utec.handlers.overload import Overloaded
from alerta_utec.handlers.routes import WEBSOCKET_ROUTES, WebSocketRoute
from alerta_utec.notifications.deliveries import CombinedDeliveries
from alerta_utec.ports.clock import Clock
from alerta_utec.sign_in.authenticators import KeyAuthenticator
from alerta_utec.sign_in.manage_keys import ManageKeys
from alerta_utec.webhooks.manage import ManageWebhooks

# Handlers that wait for a commit, which they share with the others of their batch.
_BATCHED = frozenset({"notify", "update"})


def build_services(
    settings: LocalSettings, storage: Storage, hub: Hub, clock: Clock, webhooks: ManageWebhooks
) -> Services:
    """Return the services behind the routes."""
    tokens = sign_in.authenticator(settings.auth)
    authenticator = KeyAuthenticator(storage.keys, clock, tokens) if tokens.required else tokens
    limits = InProcessRateLimits()
    timezone = ZoneInfo(settings.timezone)
    sign_in_on = authenticator.required
    return Services(
        store=storage.store,
        deliveries=CombinedDeliveries(storage.deliveries, storage.notifications),
        connections=hub.connections,
        connection_life_s=settings.limits.age_s,
        heartbeat_s=settings.limits.heartbeat_s,
        clock=clock,
        timezone=timezone,
        authenticator=authenticator,
        sign_in=sign_in_on,
        origins=Origins(settings.origins, settings.public_url),
        limit=CallerLimit(limits, clock),
        asking=AskingLimit(limits, clock),
        address=RequestedAddress(settings.stage, settings.public_url),
        cap=CapAlerts(settings.mail_from, timezone, settings.lang, restricted=sign_in_on),
        manage_webhooks=webhooks,
        manage_keys=ManageKeys(storage.keys, GatewayCredentials(hub), clock),
    )


def build_gateway(settings: LocalSettings, hub: Hub, services: Services) -> Gateway:
    """Return the gateway that runs the handlers."""
    handlers = Handlers(services)
    return Gateway(
        {route.key: _route(route, handlers.websocket[route.handler]) for route in WEBSOCKET_ROUTES},
        stage=settings.stage,
        hub=hub,
        limits=settings.limits,
        http=handlers.http.handle,
        http_routes=HTTP_ROUTE_KEYS,
        http_pools={route.key: route.pool for route in HTTP_ROUTES},
        refusal=Overloaded(services.access()).handle,
        pools=POOLS if services.sign_in else POOLS_WITHOUT_SIGN_IN,
        origins=services.origins,
        hosts=None if services.sign_in or services.origins.any else _hosts(settings),
        proxies=TrustedProxies(settings.trusted_proxies),
        max_per_address=settings.max_per_address,
    )


def _hosts(settings: LocalSettings) -> Hosts:
    """Return the names that the settings give the service."""
    return Hosts.of(filter(None, (settings.public_url, settings.host, *settings.origins)))


def _route(route: WebSocketRoute, handler: Handler) -> Route:
    """Return the gateway's route, always two-way.

    API Gateway needs one-way routes for handlers that may have no response. This gateway sends
    nothing in that case, so it needs no post to the connection.
    """
    return Route(
        handler,
        two_way=True,
        may_be_silent=not route.two_way,
        batched=route.handler in _BATCHED,
        pool=route.pool,
    )
