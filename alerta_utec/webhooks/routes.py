"""The wing's HTTP routes."""

from alerta_utec.handlers.routes import HttpRoute

# Handled by webhooks.http.WebhooksApi.
WEBHOOK_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /webhooks", "list_webhooks"),
    HttpRoute("POST /webhooks", "create_webhook", pool="write"),
    HttpRoute("GET /webhooks/{webhookId}", "show_webhook"),
    HttpRoute("PATCH /webhooks/{webhookId}", "change_webhook", pool="write"),
    HttpRoute("DELETE /webhooks/{webhookId}", "delete_webhook", pool="write"),
    HttpRoute("POST /webhooks/{webhookId}/secret", "rotate_secret", pool="write"),
    HttpRoute("GET /webhooks/{webhookId}/failures", "list_failures"),
    HttpRoute("POST /webhooks/{webhookId}/retry", "retry", pool="write"),
    HttpRoute("POST /webhooks/{webhookId}/test", "send_test", pool="webhook_test"),
)
# As the kernel's: on AWS the wing has a function of its own, and API Gateway chooses the function
# by the most specific path.
WEBHOOK_HEAD_KEYS: tuple[str, ...] = ("HEAD /webhooks", "HEAD /webhooks/{path+}")
