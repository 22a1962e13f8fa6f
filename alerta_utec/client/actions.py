"""The timing of the client's state machine, and the actions that it asks its runner to do."""

from dataclasses import dataclass

from alerta_utec.domain.change import Position

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits in seconds; jitter is drawn for each wait, so that many clients do not act in step.

    ``ping_every_s``: silence after which the client pings a connection. A service that sends a
    heartbeat states its interval; then the silence is ``heartbeats_from`` to ``heartbeats_to``
    intervals. ``idle_limit_s``: API Gateway closes a connection that is idle for so long; one
    that is closed after ``idle_from`` to ``idle_to`` of it without a message of the client shows
    that the heartbeat does not count, and later ones are pinged each ``ping_every_s``.
    ``gap_s``: how long the client waits for a missing update, plus up to ``gap_jitter_s``.
    ``first_delay_s``, ``max_delay_s``: the first and the highest ceiling of the backoff; a
    connection that lasted ``stable_s`` resets it. ``renew_from``, ``renew_to``: the fractions of a
    connection's lifetime between which the client replaces it. ``read_clock_every_s``: how often
    the wall clock is read; a reading that is ``slept_s`` after the one before counts as sleep.
    """

    ping_every_s: float = 300.0
    heartbeats_from: float = 1.1
    heartbeats_to: float = 1.2
    idle_limit_s: float = 600.0
    idle_from: float = 0.97
    idle_to: float = 1.15
    gap_s: float = 2.0
    gap_jitter_s: float = 1.0
    first_delay_s: float = 0.5
    max_delay_s: float = 30.0
    stable_s: float = 30.0
    renew_from: float = 0.75
    renew_to: float = 0.95
    read_clock_every_s: float = 20.0
    slept_s: float = 50.0


@dataclass(frozen=True, slots=True)
class Open:
    """Open connection number ``link``, then call ``opened`` or ``closed``."""

    link: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection; the machine ignores its further events."""

    link: int


@dataclass(frozen=True, slots=True)
class AskSync:
    """Request a page, then call ``page`` or ``refused`` with the same ``AskSync``."""

    link: int
    since: Position | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class AskPing:
    """Send a ping, then call ``pong`` or ``ping_refused``."""

    link: int


Action = Open | Close | AskSync | AskPing
