"""The posts to the receivers of webhooks."""

from collections.abc import Mapping

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.webhooks.sender import HttpWebhookSender


def webhook_sender(environment: Mapping[str, str]) -> HttpWebhookSender:
    """Return what posts to receivers (``WEBHOOK_ALLOW_PRIVATE``).

    In Lambda, loopback is the interface of the runtime: only an emulator has receivers there.
    """
    allowed = environment["WEBHOOK_ALLOW_PRIVATE"]
    return HttpWebhookSender(
        SystemClock(), allow_private=allowed != "false", allow_own=allowed == "loopback"
    )
