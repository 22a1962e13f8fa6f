"""What a follower's machine waits for, and what it asks whoever runs it to do."""

from dataclasses import dataclass

from alerta_utec.domain.change import Position

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits in seconds. Each is drawn anew, so that many clients do not act in step.

    ``ping_every_s``: silence after which a connection is pinged; API Gateway cuts one after
    10 min, and a dead network shows by it. ``gap_s``: how long a missing update may be on its
    way, with up to ``gap_jitter_s`` more. ``first_delay_s``, ``max_delay_s``: the ceilings of
    the wait before a new attempt; they start again after a connection of ``stable_s``.
    ``renew_from``, ``renew_to``: parts of a connection's life between which it is renewed.
    """

    ping_every_s: float = 150.0
    gap_s: float = 2.0
    gap_jitter_s: float = 1.0
    first_delay_s: float = 0.5
    max_delay_s: float = 30.0
    stable_s: float = 30.0
    renew_from: float = 0.75
    renew_to: float = 0.95


@dataclass(frozen=True, slots=True)
class Open:
    """Open connection number ``link``; tell ``opened`` or ``closed``."""

    link: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection; nothing more of it is of interest."""

    link: int


@dataclass(frozen=True, slots=True)
class AskSync:
    """Ask for a page; tell ``page`` or ``refused``, with the same ``AskSync``."""

    link: int
    since: Position | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class AskPing:
    """Ask for a pong; tell ``pong``."""

    link: int


Action = Open | Close | AskSync | AskPing
