"""The wing's HTTP routes."""

from alerta_utec.handlers.routes import HttpRoute

# Handled by sign_in.http_keys.KeysApi.
KEY_ROUTES: tuple[HttpRoute, ...] = (
    HttpRoute("GET /keys", "list_keys"),
    HttpRoute("POST /keys", "create_key", pool="write"),
    HttpRoute("DELETE /keys/{keyId}", "revoke_key", pool="write"),
)
# As for webhooks: a function of its own.
KEY_HEAD_KEYS: tuple[str, ...] = ("HEAD /keys",)
