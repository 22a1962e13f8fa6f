"""The metrics of the service: their names in one list, and the port that counts them.

On AWS an adapter writes them for CloudWatch, under these names. A deployment that serves them to
Prometheus takes names, labels, units and help texts from the same list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

# The labels: each value of a label is a metric of its own on CloudWatch, which has a price.
CHANNEL: Final = "channel"  # ``broadcast``, ``email`` or ``webhook``
REASON: Final = "reason"  # an error's code
NO_LABELS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; ``label`` is the name of what divides it, if something does."""

    name: str
    help: str
    label: str | None = None
    unit: Literal["Count", "Milliseconds"] = "Count"
    # A gauge is measured, everything else is added up.
    gauge: bool = False


# One line for each delivery: of a change on a channel, or of one shard of a broadcast.
ATTEMPTED = Metric("attempted", "Connections that a broadcast was sent to", CHANNEL)
DELIVERED = Metric("delivered", "Connections that took the frame", CHANNEL)
GONE = Metric("gone", "Connections that had ended", CHANNEL)
THROTTLED = Metric("throttled", "Connections refused with 429 until the deadline", CHANNEL)
FAILED = Metric("failed", "Connections not reached, or attempts that are retried", CHANNEL)
MS = Metric("ms", "Time from the start of a broadcast to its last client", CHANNEL, "Milliseconds")
SENT = Metric("sent", "Changes handed over: published, or accepted by a receiver", CHANNEL)
HELD = Metric("held", "Changes whose e-mail waits for others", CHANNEL)
GIVEN_UP = Metric("given_up", "Changes that are not attempted any more", CHANNEL)
DELIVERY_METRICS: Final = (
    *(ATTEMPTED, DELIVERED, GONE, THROTTLED, FAILED, MS),
    *(SENT, HELD, GIVEN_UP),
)

COMMITS = Metric("commits", "Changes committed to the feed")
CONFLICTS = Metric("conflicts", "Repeated attempts of commits: as a rule another came first")
UNAVAILABLE = Metric("unavailable", "Requests answered with the code unavailable")
REFUSED_HANDSHAKES = Metric("refused_handshakes", "Handshakes refused, by error code", REASON)
OPEN_CONNECTIONS = Metric("open_connections", "Connections that are open", gauge=True)
BEATS = Metric("beats", "Heartbeats sent to all connections")
CONFIRMED_SUBSCRIPTIONS = Metric(
    "confirmed_subscriptions", "Subscriptions that get messages", gauge=True
)
PENDING_SUBSCRIPTIONS = Metric(
    "pending_subscriptions", "Subscriptions that no one has confirmed", gauge=True
)
MISSING_SUBSCRIPTIONS = Metric(
    "missing_subscriptions", "Recipients without a subscription", gauge=True
)

METRICS: Final = (
    *DELIVERY_METRICS,
    *(COMMITS, CONFLICTS, UNAVAILABLE, REFUSED_HANDSHAKES, OPEN_CONNECTIONS, BEATS),
    *(CONFIRMED_SUBSCRIPTIONS, PENDING_SUBSCRIPTIONS, MISSING_SUBSCRIPTIONS),
)


class Metrics(Protocol):
    """Counts events for the people who run the service."""

    def record(
        self,
        values: Mapping[Metric, float],
        labels: Mapping[str, str] = NO_LABELS,
        fields: Mapping[str, Any] = NO_LABELS,
    ) -> None:
        """Add the values to their metrics, or set those that are gauges; never raises or waits.

        All metrics of a call have the label that ``labels`` gives a value to, or none of them
        has one. ``fields`` identify the event in a log; they divide no metric.
        """
        ...


class NoMetrics:
    """``Metrics`` that are not kept."""

    def record(
        self,
        values: Mapping[Metric, float],
        labels: Mapping[str, str] = NO_LABELS,
        fields: Mapping[str, Any] = NO_LABELS,
    ) -> None:
        """Do nothing."""


NO_METRICS: Final = NoMetrics()
