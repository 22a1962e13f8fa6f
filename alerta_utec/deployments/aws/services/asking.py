"""The limit on what each Lambda process answers to one client."""

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import AskingLimit


def asking_limit() -> AskingLimit:
    """Return the limit of this process."""
    return AskingLimit(InProcessRateLimits(), SystemClock())
