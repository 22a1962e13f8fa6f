"""The posts to the receivers of webhooks."""

from collections.abc import Mapping

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.webhooks.sender import HttpWebhookSender


def webhook_sender(environment: Mapping[str, str]) -> HttpWebhookSender:
    """Return what posts to receivers (``WEBHOOK_ALLOW_PRIVATE``)."""
    allow = environment["WEBHOOK_ALLOW_PRIVATE"] == "true"
    return HttpWebhookSender(SystemClock(), allow_private=allow)
