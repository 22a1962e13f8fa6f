"""A bucket of tokens that refills over time, by the generic cell rate algorithm."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of taking a token: ``wait_us`` is 0 if there was one.

    ``full_at_us``: when the bucket will be full again, in microseconds since 1970; it is all
    that need be stored of a bucket.
    """

    wait_us: int
    full_at_us: int


def take_token(stored_full_at_us: int | None, now_us: int, *, per_s: float, burst: int) -> Taken:
    """Take a token from a bucket of ``burst`` tokens that gets ``per_s`` new ones a second.

    An empty bucket is full again after ``burst / per_s`` seconds. If the stored moment is later
    than that, the clock was set back since, and no caller waits until it catches up.
    """
    interval_us = round(1_000_000 / per_s)
    capacity_us = burst * interval_us
    full_at_us = max(stored_full_at_us or now_us, now_us)
    if full_at_us - now_us > capacity_us:
        full_at_us = now_us
    wait_us = full_at_us + interval_us - capacity_us - now_us
    if wait_us > 0:
        return Taken(wait_us, full_at_us)
    return Taken(0, full_at_us + interval_us)
