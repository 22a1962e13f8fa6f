"""What the caller of a benchmark chooses."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


def _silent(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Options:
    """``quick``: a trial of seconds whose figures mean little. ``rounds``: how often each point
    is measured, all servers in turn. ``servers`` and ``clients``: only these; none: all.
    ``minutes``: how long a soak lasts. ``say`` shows how far it is."""

    quick: bool = False
    rounds: int = 5
    servers: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()
    minutes: float = 10.0
    say: Callable[[str], None] = field(default=_silent, compare=False)


class Steps:
    """Says which of ``total`` steps begins, and how long the rest will take."""

    def __init__(self, say: Callable[[str], None], total: int) -> None:
        self._say = say
        self._total = total
        self._done = 0
        self._started = time.monotonic()

    def next(self, text: str) -> None:
        """A step begins."""
        took_s = time.monotonic() - self._started
        left = ""
        if self._done:
            left_s = took_s / self._done * (self._total - self._done)
            left = f", {int(left_s) // 60}:{int(left_s) % 60:02} left"
        self._done += 1
        self._say(f"[{self._done}/{self._total}{left}] {text}")
