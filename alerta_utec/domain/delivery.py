"""The record of what was sent: one change on one channel."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NewType

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import format_time

# ``webhook:`` and the webhook's id.
WebhookChannel = NewType("WebhookChannel", str)
_WEBHOOK = "webhook:"
Channel = Literal["broadcast", "email"] | WebhookChannel
# The readers of the feed; ``webhooks`` delivers to all webhooks.
Consumer = Literal["broadcast", "email", "webhooks"]
# Those that get their changes on AWS from the relay, each through a queue of its own.
RELAYED: tuple[Consumer, ...] = ("email", "webhooks")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of the last attempt to deliver one change on one channel.

    ``outcome`` of a broadcast: ``{attempted, delivered, gone, throttled, failed, ms}``, and
    ``pending``, about how many connections are not attempted yet or wait for another attempt, if
    there are any. Of an e-mail or a
    webhook: ``{result, because?, attempts?}``, where ``result`` is ``sent``, ``failed`` (to be
    retried), ``given_up`` or ``suppressed``; ``notifications.record`` has the outcome of an
    e-mail on one machine.
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
        """Make the record of ``change``."""
        return cls(change.incident_id, change.after.revision, channel, at, outcome)

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """Return the JSON of the HTTP API; an e-mail's recipients only if ``private``."""
        found = {
            "revision": self.revision,
            "channel": self.channel,
            "at": format_time(self.at),
            **_with_reason(self.outcome),
        }
        recipients = found.pop("recipients", ())
        if private and recipients:
            found["recipients"] = [_with_reason(recipient) for recipient in recipients]
        return found


def deliveries_to_json(deliveries: Iterable[Delivery], *, private: bool) -> list[dict[str, Any]]:
    """Return the JSON of an incident's deliveries; those of webhooks only if ``private``.

    Their channels and reasons tell which other systems exist and how they fail.
    """
    return [
        delivery.to_json(private=private)
        for delivery in deliveries
        if private or not delivery.channel.startswith(_WEBHOOK)
    ]


def _with_reason(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Add ``reason``; ``because`` is its stored name, and that of version 0.1."""
    reason = {"reason": outcome["because"]} if "because" in outcome else {}
    return {**outcome, **reason}


PLAN = 0
# The part with the outcome of connections that another part queued again has that part's number,
# and this much more.
AGAIN = 1_000_000
_COUNTS = ("delivered", "gone", "throttled", "failed")


def combine_parts(parts: Mapping[int, Delivery]) -> Delivery:
    """Return the record of one broadcast from the records of its parts, by number (at least one).

    The part ``PLAN``, if there is one, has the number of ``shards``, which are parts from 1 on,
    and about how many connections they have (``attempted``). A part from which connections were
    queued again has their number (``requeued``).
    """
    sent = _counted({number: part.outcome for number, part in parts.items() if number != PLAN})
    counts = {name: sum(outcome[name] for outcome in sent.values()) for name in _COUNTS}
    waiting = sum(
        outcome.get("requeued", 0) for number, outcome in sent.items() if number + AGAIN not in sent
    )
    known = sum(counts.values()) + waiting
    pending = waiting
    if PLAN in parts:
        pending += _pending_in_shards(parts[PLAN].outcome, sent, known)
    last = max(parts.values(), key=lambda part: part.at)
    ms = max(part.outcome.get("ms", 0) for part in parts.values())
    attempted = known - waiting + pending
    outcome = {"attempted": attempted, **counts, "ms": ms}
    return replace(last, outcome=outcome | ({"pending": pending} if pending else {}))


def _counted(sent: Mapping[int, Mapping[str, int]]) -> dict[int, Mapping[str, int]]:
    """Return the parts without those that repeat another.

    A part that is sent twice may queue connections again the first time, and reach them the
    second time: then the part that was queued has nothing to add.
    """
    counted: dict[int, Mapping[str, int]] = {}
    for number in sorted(sent):
        before = number - AGAIN
        if before not in sent or (before in counted and counted[before].get("requeued")):
            counted[number] = sent[number]
    return counted


def _pending_in_shards(plan: Mapping[str, int], sent: Collection[int], known: int) -> int:
    """Return about how many connections the shards without a record have."""
    expected = plan["attempted"] - known
    if "shards" not in plan:  # by version 0.1, which counted the recipients
        return max(expected, 0)
    missing = plan["shards"] - sum(number <= plan["shards"] for number in sent)
    return max(expected, missing) if missing > 0 else 0


def latest(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Return the last record for each revision and channel, in their order."""
    last: dict[tuple[int, str], Delivery] = {}
    for one in sorted(deliveries, key=lambda delivery: delivery.at):
        last[one.revision, one.channel] = one
    return tuple(last[key] for key in sorted(last))
