"""Holding back what would be too much: deciding about notices, over what is remembered."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.notifications.ports import Decided, Decision, Notices, StormMemory
from alerta_utec.notifications.throttle import Gate, Hold, Measure, admit, group_of, release
from alerta_utec.ports import Clock

TRIES_MAX = 20
PAUSE_MAX_S = 0.2
Result = TypeVar("Result")


@dataclass(frozen=True)
class Storms:
    """Decides which notices leave at once and which together; the same in both homes.

    What is decided is decided once: asked again after a crash, it answers the same. Several may
    decide at once; who comes second decides again, on top of the first.
    """

    memory: StormMemory
    clock: Clock
    measure: Measure = field(default_factory=Measure)

    def admit(self, change: Change, recipients: Sequence[str]) -> Mapping[str, Hold | None]:
        """What becomes of the notice about a committed change, by recipient: none is sent now.

        Raises:
            Unavailable: not decided, or not known; repeat it.
        """
        return _tried(lambda: self._admit(change, recipients))

    def release(self, recipient: str) -> Sequence[Sequence[int]]:
        """Let leave what has been held for long enough: the ``seq`` of each e-mail's changes.

        Raises:
            Unavailable: not decided, or not known; repeat it.
        """
        return _tried(lambda: self._release(recipient))

    def _admit(self, change: Change, recipients: Sequence[str]) -> Mapping[str, Hold | None]:
        seq, now = change.after.seq, self.clock.now()
        recalled = self.memory.recall(seq, recipients)
        decisions = {
            recipient: Decision(*admit(recalled.gates[recipient], change, now, self.measure))
            for recipient in recipients
            if recipient not in recalled.decided
        }
        if decisions:
            self.memory.keep(seq, group_of(change), decisions)
        return {**recalled.decided, **{name: one.hold for name, one in decisions.items()}}

    def _release(self, recipient: str) -> Sequence[Sequence[int]]:
        gate, held = self.memory.held(recipient)
        released = release(gate, held, self.clock.now(), self.measure)
        if released.parcels or released.holds:
            self.memory.release(recipient, released)
        return released.parcels


@dataclass(frozen=True)
class BatchedStorms(Storms):
    """Decides about many notices at once, and keeps what it has decided in one write."""

    memory: Notices

    def admit_all(self, batch: Sequence[tuple[Change, Sequence[str]]]) -> None:
        """As ``admit``, for each change and its recipients, one after another.

        Raises:
            Unavailable: nothing was decided, or it is not known; repeat it.
        """
        _tried(lambda: self._admit_all(batch))

    def _admit_all(self, batch: Sequence[tuple[Change, Sequence[str]]]) -> None:
        now = self.clock.now()
        gates: dict[str, Gate] = {}
        several: list[Decided] = []
        for change, recipients in batch:
            recalled = self.memory.recall(change.after.seq, recipients)
            decisions = {}
            for name in recipients:
                if name not in recalled.decided:
                    before = gates.get(name, recalled.gates[name])
                    gate, hold = admit(before, change, now, self.measure)
                    decisions[name] = Decision(gate, hold)
                    gates[name] = replace(gate, version=gate.version + 1)
            several.append(Decided(change.after.seq, group_of(change), decisions))
        self.memory.keep_all(several)


def _tried(decide: Callable[[], Result]) -> Result:
    for _ in range(TRIES_MAX):
        try:
            return decide()
        except Conflict:
            time.sleep(random.uniform(0, PAUSE_MAX_S))  # noqa: S311 (jitter, no secret)
    raise Unavailable("notices: others decide all the time")
