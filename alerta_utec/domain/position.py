"""A place in the feed, apart from the models of what is there: it loads no pydantic."""

import re
from dataclasses import dataclass

from alerta_utec.domain.errors import InvalidRequest, Problem

_POSITION = re.compile(r"([0-9a-z]{1,32}):(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True, order=False)
class Position:
    """A place in the feed: ``seq`` counts the changes since the store's ``epoch`` began."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: object, *, field: str = "since") -> "Position":
        """Read a position that ``str`` wrote.

        Raises:
            InvalidRequest: ``text`` is not a position.
        """
        match = _POSITION.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidRequest(problems=[Problem(field, "not_valid")])
        return cls(match[1], int(match[2]))


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    """The part of a committed change that decides which consumers get it."""

    position: Position
    incident_id: str
    # As ``Change.notifies``.
    notifies: bool
