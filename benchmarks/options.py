"""The options of a benchmark."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


def _silent(_text: str) -> None:
    """Ignore the text."""


@dataclass(frozen=True)
class Options:
    """The options of a run.

    ``quick``: a trial of seconds whose figures mean little. ``rounds``: the number of measurements
    of each point, all servers in turn. ``servers`` and ``clients``: limit the run to these; empty
    means all. ``minutes``: the duration of a soak. ``say`` reports the progress.
    """

    quick: bool = False
    rounds: int = 5
    servers: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()
    minutes: float = 10.0
    say: Callable[[str], None] = field(default=_silent, compare=False)


class Steps:
    """The progress over ``total`` steps, with the estimated remaining time."""

    def __init__(self, say: Callable[[str], None], total: int) -> None:
        self._say = say
        self._total = total
        self._done = 0
        self._started = time.monotonic()

    def next(self, text: str) -> None:
        """Report the start of a step."""
        took_s = time.monotonic() - self._started
        left = ""
        if self._done:
            left_s = took_s / self._done * (self._total - self._done)
            left = f", {int(left_s) // 60}:{int(left_s) % 60:02} left"
        self._done += 1
        self._say(f"[{self._done}/{self._total}{left}] {text}")
