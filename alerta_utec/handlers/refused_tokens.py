"""The log of refused tokens: one line for each, and a bounded number of lines."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.handlers.request import Request

log = logging.getLogger(__name__)

WINDOW_S = 60.0
# In one window: the lines about one address, and about all addresses.
LINES_PER_ADDRESS = 10
LINES_MAX = 100


class RefusedTokens:
    """Logs ``token_refused`` with the client's address and the reason, never the token.

    Refusals beyond the limits of a window are counted, and the count is logged with the first
    refusal after it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._window_ends_s = 0.0
        # The lines of this window by address; ``LINES_MAX`` at most in all.
        self._lines: Counter[str] = Counter()
        self._not_logged = 0

    def log(self, request: Request, refusal: Unauthorized) -> None:
        """Log the refusal of a request's token; a request without one is not logged."""
        if request.header("authorization") is None:
            return
        address = request.address
        is_logged, missing = self._count(address)
        if missing:
            log.warning("token_refusals_not_logged", extra={"count": missing})
        if is_logged:
            fields = {"address": address, "reason": str(refusal), "route": request.route_key}
            log.warning("token_refused", extra=fields)

    def _count(self, address: str) -> tuple[bool, int]:
        """Return whether this refusal is logged, and how many of earlier windows were not."""
        with self._lock:
            missing, now_s = 0, self._monotonic()
            if now_s >= self._window_ends_s:
                self._window_ends_s = now_s + WINDOW_S
                self._lines.clear()
                missing, self._not_logged = self._not_logged, 0
            is_logged = self._lines[address] < LINES_PER_ADDRESS and self._lines.total() < LINES_MAX
            if is_logged:
                self._lines[address] += 1
            else:
                self._not_logged += 1
            return is_logged, missing
