"""How long to wait: for what may still come, and before the next attempt."""

from alerta_utec.client.actions import NEVER, Timing
from alerta_utec.client.feed import Feed
from alerta_utec.domain.backoff import Uniform, delay_s
from alerta_utec.domain.change import Position


class Backoff:
    """Waits before new attempts, with full jitter.

    Many clients that lost the service at once must not come back at once.
    """

    def __init__(self, timing: Timing, uniform: Uniform) -> None:
        self._timing = timing
        self._uniform = uniform
        self._failures = 0

    def failed(self) -> float:
        """How long to wait now."""
        self._failures += 1
        return delay_s(
            self._failures - 1,
            base_s=self._timing.first_delay_s,
            cap_s=self._timing.max_delay_s,
            jitter=1,
            uniform=self._uniform,
        )

    def worked(self) -> None:
        """Begin with short waits again."""
        self._failures = 0


class Gap:
    """Watches a hole in the feed: it is given some time to fill, and then asked for.

    Where asking brings nothing, the next time is twice as long.
    """

    def __init__(self, timing: Timing, uniform: Uniform) -> None:
        self._timing = timing
        self._uniform = uniform
        self._fruitless = 0
        self._from: Position | None = None
        self.ask_at = NEVER

    def look(self, feed: Feed, now: float) -> None:
        """Take the time, from the start wherever the hole has moved."""
        if not feed.gap:
            self.ask_at = NEVER
            return
        moved = feed.position != self._from
        if moved:
            self._from, self._fruitless = feed.position, 0
        if moved or self.ask_at == NEVER:
            wait_s = delay_s(
                self._fruitless, base_s=self._timing.gap_s, cap_s=self._timing.max_delay_s
            )
            jitter_s = self._uniform(0, self._timing.gap_jitter_s)
            self.ask_at = now + wait_s + jitter_s
        if feed.skipped and not self._fruitless:
            self.ask_at = now  # it was here, and will not come by itself

    def asked(self) -> None:
        """No more of it until there is an answer."""
        self.ask_at = NEVER

    def answered(self, feed: Feed, since: Position | None) -> None:
        """Everything that there was since then has come."""
        stuck = feed.gap and feed.position == since
        self._fruitless = self._fruitless + 1 if stuck else 0
        self._from = feed.position
        self.ask_at = NEVER
