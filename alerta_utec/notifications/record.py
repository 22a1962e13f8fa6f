"""The record of a change's e-mails: what became of the notice to each of its recipients."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from alerta_utec.domain.values import format_time
from alerta_utec.notifications.recipients import shown

# From what most needs a look to what needs none.
Result = Literal["given_up", "failed", "pending", "held", "sent", "suppressed"]
RESULTS: Sequence[Result] = get_args(Result)


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of one change's notice to one recipient (its ``key``; empty: to nobody).

    ``because``: why it is held (``grouped``, ``limit``) or failed. ``held``: why it was held,
    where it is no more; ``others``: how many changes its e-mail tells of besides.
    """

    recipient: str
    result: Result
    at: datetime
    because: str | None = None
    until: datetime | None = None
    held: str | None = None
    others: int = 0
    attempts: int = 0

    def outcome(self) -> dict[str, Any]:
        """``{result, because?, until?, held?, with?, attempts?}``."""
        found: dict[str, Any] = {"result": self.result}
        if self.because is not None:
            found["because"] = self.because
        if self.until is not None:
            found["until"] = format_time(self.until)
        if self.held is not None:
            found["held"] = self.held
        if self.others:
            found["with"] = self.others
        if self.attempts > 1 or (self.attempts and self.result == "given_up"):
            found["attempts"] = self.attempts
        return found


def summary(notices: Sequence[Notice]) -> Mapping[str, Any]:
    """The outcome of one change's e-mails (at least one) as ``Delivery`` has it.

    Where all went alike, what is true of each; else the ``result`` that most needs a look, and how
    many there are of each as ``counts``. ``recipients``: each one's own, ``to`` without secrets.
    """
    outcomes = [notice.outcome() for notice in notices]
    if all(outcome == outcomes[0] for outcome in outcomes):
        found = dict(outcomes[0])
    else:
        counts = Counter(notice.result for notice in notices)
        found = {"result": min(counts, key=RESULTS.index)}
        if len(counts) > 1:
            found["counts"] = {name: counts[name] for name in RESULTS if name in counts}
    recipients = [
        {"to": shown(notice.recipient), "at": format_time(notice.at), **outcome}
        for notice, outcome in zip(notices, outcomes, strict=True)
        if notice.recipient
    ]
    return found | ({"recipients": recipients} if recipients else {})
