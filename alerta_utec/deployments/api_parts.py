"""The documented parts of the HTTP API, from which its OpenAPI document is made."""

from alerta_utec.cap.http import CapApi
from alerta_utec.cap.routes import CAP_ROUTES
from alerta_utec.handlers.incidents import IncidentsApi
from alerta_utec.handlers.openapi.document import ApiPart
from alerta_utec.handlers.routes import INCIDENT_ROUTES, SERVICE_INFO_ROUTES
from alerta_utec.handlers.service_info import ServiceInfoApi
from alerta_utec.sign_in import openapi as sign_in
from alerta_utec.sign_in.http_keys import KeysApi
from alerta_utec.sign_in.routes import KEY_ROUTES
from alerta_utec.webhooks import openapi as webhooks
from alerta_utec.webhooks.http import WebhooksApi
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES

API_PARTS: tuple[ApiPart, ...] = (
    ApiPart(INCIDENT_ROUTES, IncidentsApi),
    ApiPart(CAP_ROUTES, CapApi),
    ApiPart(SERVICE_INFO_ROUTES, ServiceInfoApi),
    ApiPart(WEBHOOK_ROUTES, WebhooksApi, webhooks.schemas(), webhooks.sent()),
    ApiPart(KEY_ROUTES, KeysApi, sign_in.schemas()),
)
