"""The routes of the whole HTTP API: the kernel's and the wings'."""

from alerta_utec.cap.routes import CAP_ROUTES
from alerta_utec.handlers.routes import HEAD_ROUTE_KEYS, KERNEL_ROUTES, HttpRoute
from alerta_utec.sign_in.routes import KEY_HEAD_KEYS, KEY_ROUTES
from alerta_utec.webhooks.routes import WEBHOOK_HEAD_KEYS, WEBHOOK_ROUTES

HTTP_ROUTES: tuple[HttpRoute, ...] = (
    *KERNEL_ROUTES,
    *CAP_ROUTES,
    *WEBHOOK_ROUTES,
    *KEY_ROUTES,
)
HEAD_KEYS: tuple[str, ...] = (*HEAD_ROUTE_KEYS, *WEBHOOK_HEAD_KEYS, *KEY_HEAD_KEYS)
HTTP_ROUTE_KEYS: tuple[str, ...] = (*(route.key for route in HTTP_ROUTES), *HEAD_KEYS)
