"""The wing's HTTP routes."""

from alerta_utec.handlers.routes import HttpRoute

# Handled by webhooks.http.WebhooksApi.
WEBHOOK_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /webhooks", "list_webhooks"),
    HttpRoute("POST /webhooks", "create_webhook"),
    HttpRoute("GET /webhooks/{webhookId}", "show_webhook"),
    HttpRoute("PATCH /webhooks/{webhookId}", "change_webhook"),
    HttpRoute("DELETE /webhooks/{webhookId}", "delete_webhook"),
    HttpRoute("POST /webhooks/{webhookId}/secret", "rotate_secret"),
    HttpRoute("GET /webhooks/{webhookId}/failures", "list_failures"),
    HttpRoute("POST /webhooks/{webhookId}/retry", "retry"),
    HttpRoute("POST /webhooks/{webhookId}/test", "send_test"),
)
