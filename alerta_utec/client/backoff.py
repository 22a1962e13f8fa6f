"""The client's waits: before a new attempt, and for a missing update."""

from alerta_utec.client.actions import NEVER, Timing
from alerta_utec.client.feed import Feed
from alerta_utec.domain.backoff import Uniform, delay_s
from alerta_utec.domain.change import Position


class Backoff:
    """The waits between consecutive failed attempts, with full jitter.

    The jitter keeps many clients that lost the service together from returning together.
    """

    def __init__(self, timing: Timing, uniform: Uniform) -> None:
        self._timing = timing
        self._uniform = uniform
        self._failures = 0

    def next_delay_s(self) -> float:
        """Count a failure, and return the wait before the next attempt."""
        self._failures += 1
        return delay_s(
            self._failures - 1,
            base_s=self._timing.first_delay_s,
            cap_s=self._timing.max_delay_s,
            jitter=1,
            uniform=self._uniform,
        )

    def reset(self) -> None:
        """Start again with the shortest wait, after a success."""
        self._failures = 0


class GapTimer:
    """The time at which to ask for updates that are missing in the feed.

    A missing update has ``gap_s`` to arrive by itself. Each sync that does not fill the gap
    doubles the next wait.
    """

    def __init__(self, timing: Timing, uniform: Uniform) -> None:
        self._timing = timing
        self._uniform = uniform
        self._empty_syncs = 0
        self._from: Position | None = None
        self.ask_at = NEVER

    def observe(self, feed: Feed, now: float, *, spread_s: float = 0.0) -> None:
        """Set ``ask_at`` for the feed's gap; a gap that has moved starts a new wait.

        ``spread_s``: wait up to so much longer, since many clients learned of a gap together.
        """
        if not feed.gap:
            self.ask_at = NEVER
            return
        moved = feed.position != self._from
        if moved:
            self._from, self._empty_syncs = feed.position, 0
        if moved or self.ask_at == NEVER:
            wait_s = delay_s(
                self._empty_syncs, base_s=self._timing.gap_s, cap_s=self._timing.max_delay_s
            )
            jitter_s = self._uniform(0, self._timing.gap_jitter_s + spread_s)
            self.ask_at = now + wait_s + jitter_s
        if feed.skipped and not self._empty_syncs:
            self.ask_at = now  # it arrived and was dropped: it will not come by itself

    def asked(self) -> None:
        """Stop the timer while a sync is running."""
        self.ask_at = NEVER

    def answered(self, feed: Feed, since: Position | None) -> None:
        """Record that a sync from ``since`` is complete."""
        stuck = feed.gap and feed.position == since
        self._empty_syncs = self._empty_syncs + 1 if stuck else 0
        self._from = feed.position
        self.ask_at = NEVER
