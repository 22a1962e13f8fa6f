"""A bucket of tokens that refills over time, by the generic cell rate algorithm."""

from typing import NamedTuple


class Taken(NamedTuple):
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
    step_us = interval_us(per_s)
    capacity_us = burst * step_us
    used = is_in_use(stored_full_at_us, now_us, capacity_us)
    full_at_us = stored_full_at_us if used and stored_full_at_us is not None else now_us
    wait_us = full_at_us + step_us - capacity_us - now_us
    if wait_us > 0:
        return Taken(wait_us, full_at_us)
    return Taken(0, full_at_us + step_us)


def interval_us(per_s: float) -> int:
    """Return the time in which a bucket gets one token, in microseconds."""
    return round(1_000_000 / per_s)


def is_in_use(full_at_us: int | None, now_us: int, capacity_us: int) -> bool:
    """Tell whether a bucket lacks tokens ``now_us``, by the moment at which it is full again."""
    return full_at_us is not None and now_us <= full_at_us <= now_us + capacity_us
