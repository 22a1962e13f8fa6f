"""The record of what was sent: one change on one channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import format_time

Channel = Literal["broadcast", "email"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one change on one channel, the last time that it was tried.

    ``outcome`` of a broadcast: ``{attempted, delivered, gone, throttled, failed, ms}``. Of an
    e-mail: ``{result, because?, attempts?}``, where ``result`` is ``sent``, ``failed`` (it is
    tried again), ``given_up`` or ``suppressed``.
    """

    incident_id: str
    revision: int
    channel: Channel
    at: datetime
    outcome: Mapping[str, Any]

    @classmethod
    def of(
        cls, change: Change, channel: Channel, at: datetime, outcome: Mapping[str, Any]
    ) -> "Delivery":
        """The record for ``change``."""
        return cls(change.incident_id, change.after.revision, channel, at, outcome)

    def to_json(self) -> dict[str, Any]:
        """As the HTTP API shows it."""
        return {
            "revision": self.revision,
            "channel": self.channel,
            "at": format_time(self.at),
            **self.outcome,
        }
