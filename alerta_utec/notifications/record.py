"""The record of a change's e-mails: the outcome for each recipient, and their summary."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from alerta_utec.domain.values import format_time
from alerta_utec.notifications.recipients import shown

# In order of attention: the first is the one an operator should look at first.
NotificationResult = Literal["given_up", "failed", "pending", "held", "sent", "suppressed"]
RESULTS: Sequence[NotificationResult] = get_args(NotificationResult)


@dataclass(frozen=True, slots=True)
class RecipientOutcome:
    """The outcome of one change's notification to one recipient."""

    # The recipient's ``key``; empty if no rule names one.
    recipient: str
    result: NotificationResult
    at: datetime
    # Why it is held (``grouped``, ``limit``) or has failed.
    reason: str | None = None
    until: datetime | None = None
    # Why it was held before.
    held: str | None = None
    # How many other changes its e-mail is about.
    others: int = 0
    attempts: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return ``{result, because?, until?, held?, with?, attempts?}``."""
        found: dict[str, Any] = {"result": self.result}
        if self.reason is not None:
            found["because"] = self.reason
        if self.until is not None:
            found["until"] = format_time(self.until)
        if self.held is not None:
            found["held"] = self.held
        if self.others:
            found["with"] = self.others
        if self.attempts > 1 or (self.attempts and self.result == "given_up"):
            found["attempts"] = self.attempts
        return found


def summary(outcomes: Sequence[RecipientOutcome]) -> Mapping[str, Any]:
    """Return the outcome of one change's e-mails (at least one) in the form of ``Delivery``.

    If all recipients have the same outcome, that is the summary. Otherwise it is the ``result``
    that needs the most attention, with ``counts`` of each. ``recipients`` has each one's own
    outcome, where ``to`` holds no secret.
    """
    own = [outcome.to_json() for outcome in outcomes]
    if all(one == own[0] for one in own):
        found = dict(own[0])
    else:
        counts = Counter(outcome.result for outcome in outcomes)
        found = {"result": min(counts, key=RESULTS.index)}
        if len(counts) > 1:
            found["counts"] = {name: counts[name] for name in RESULTS if name in counts}
    recipients = [
        {"to": shown(outcome.recipient), "at": format_time(outcome.at), **one}
        for outcome, one in zip(outcomes, own, strict=True)
        if outcome.recipient
    ]
    return found | ({"recipients": recipients} if recipients else {})
