"""Listeners and schedulers of ``GroupCommit`` for tests."""

from collections.abc import Callable
from dataclasses import dataclass

from alerta_utec.domain.change import Change


class CommitLog(list[Change]):
    """A ``CommitListener`` that is the list of the changes it received."""

    def committed(self, change: Change) -> None:
        self.append(change)


@dataclass(frozen=True)
class CallOnCommit:
    """A ``CommitListener`` that calls a function."""

    function: Callable[[Change], object]

    def committed(self, change: Change) -> None:
        self.function(change)


@dataclass(frozen=True)
class CallBeforeWait:
    """A ``BatchScheduler`` that calls a function."""

    function: Callable[[], object]

    def before_wait(self) -> None:
        self.function()
