"""The model of a deployment on AWS with N clients: broadcast times, monthly costs and quotas.

Every figure follows from the facts below; nothing here is measured. ``scale_report`` writes them
into docs/scale.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MILLION = 1e6


@dataclass(frozen=True)
class Fact:
    """A number that the model assumes; ``why``: its source."""

    value: float
    unit: str
    what: str
    why: str


# How the service is used.
USE: Mapping[str, Fact] = {
    "changes_a_day": Fact(40, "", "changes a day", "20 incidents, each updated once"),
    "days": Fact(22, "", "days a month", "working days"),
    "hours": Fact(8, "h", "connected a day", "a working day"),
    "opened": Fact(6, "", "connections a day and client", "one every 2 h, and 2 reconnections"),
    "silence_s": Fact(135, "s", "between heartbeats", "the clients' own: 120 to 150 s"),
    "emails": Fact(20, "", "addresses that get an e-mail", ""),
    "frame_bytes": Fact(600, "B", "of a frame", "metered up to 32 KB as one message"),
}
# List prices of us-east-1 of 2025 in dollars, without any free tier.
PRICES: Mapping[str, Fact] = {
    "message": Fact(1.00 / MILLION, "$", "WebSocket message, in or out", "API Gateway"),
    "many_messages": Fact(0.80 / MILLION, "$", "the same, beyond 1,000 M a month", "API Gateway"),
    "minute": Fact(0.25 / MILLION, "$", "minute of a connection", "API Gateway"),
    "invocation": Fact(0.20 / MILLION, "$", "invocation", "Lambda"),
    "gb_s": Fact(0.0000133334, "$", "GB-second on arm64", "Lambda"),
    "read": Fact(0.125 / MILLION, "$", "read unit of 4 KB, consistent", "DynamoDB on demand"),
    "write": Fact(0.625 / MILLION, "$", "write unit of 1 KB", "DynamoDB on demand"),
    "queue": Fact(0.40 / MILLION, "$", "request", "SQS"),
    "email": Fact(2.00 / 100_000, "$", "e-mail", "SNS"),
    "log_gb": Fact(0.50, "$", "GB of ingested logs", "CloudWatch"),
    "gb_out": Fact(0.09, "$", "GB to the internet", "data transfer"),
}
# Times and sizes of the service and of AWS.
COSTS: Mapping[str, Fact] = {
    "poll_s": Fact(0.25, "s", "until Lambda polls the stream", "4 times a second"),
    "page_s": Fact(0.10, "s", "a page of a scan, 1 MB", "assumed"),
    "read_s": Fact(0.01, "s", "a smaller read, at least", "assumed"),
    "item_bytes": Fact(150, "B", "a connection in the table", "120 and a filter"),
    "queue_s": Fact(0.10, "s", "from SQS to a Lambda that is warm", "assumed"),
    "batch_s": Fact(0.01, "s", "to queue ten shards", "assumed"),
    "post_s": Fact(0.010, "s", "a post to `@connections`", "assumed; the stand-in's"),
    "shard_s": Fact(0.03, "s", "a shard besides its posts", "two reads, one write"),
    "handler_s": Fact(0.015, "s", "a warm handler of a message", "assumed"),
    "log_bytes": Fact(900, "B", "logged for a message", "Lambda's three lines and the API's"),
}
SHARD = 250
INLINE = 250
THREADS = 64
CONCURRENCY = 5
RATE, BURST = 10_000, 5_000
# The part of them that a broadcast takes, and the changes of a rush: a batch of the stream.
SHARE = 0.7
RUSH = 25
# ``broadcast`` reads a page of so many connections, and counts one of so many segments.
PAGE_ROWS = 1_000
SEGMENTS = 64
# The name of one of the parts of ``seconds``.
READING = "reading who is connected"


def seconds(clients: int, messages: int = 1) -> dict[str, float]:
    """Return the parts of the time from a commit to the last client, with warm Lambdas.

    ``messages``: to each client, for the changes of one batch.
    """
    parts = {"stream": COSTS["poll_s"].value, READING: _read_s(min(clients, PAGE_ROWS))}
    if clients <= INLINE:
        posts_s = messages * ceil(clients / THREADS) * COSTS["post_s"].value
        return parts | {"queue": 0.0, "posts": posts_s}
    parts[READING] += _read_s(clients / SEGMENTS)
    shards = ceil(clients / SHARD)
    parts["queue"] = COSTS["queue_s"].value + ceil(shards / 10) * COSTS["batch_s"].value
    waves = ceil(shards / CONCURRENCY)
    each_s = messages * ceil(SHARD / THREADS) * COSTS["post_s"].value + COSTS["shard_s"].value
    return parts | {"posts": max(waves * each_s, paced_s(clients * messages))}


def _read_s(connections: float) -> float:
    megabytes = connections * COSTS["item_bytes"].value / MILLION
    return max(COSTS["read_s"].value, megabytes * COSTS["page_s"].value)


def floor_s(posts: int) -> float:
    """Return the least time for so many posts under the account's request quota."""
    return max(0.0, (posts - BURST) / RATE)


def paced_s(posts: int) -> float:
    """Return the time for so many posts at the pace that leaves the rest of the quota free."""
    return max(0.0, (posts - SHARE * BURST) / (SHARE * RATE))


def rush_seconds(clients: int) -> dict[str, float]:
    """Return the time until all clients have a batch of changes, by how it is sent."""
    return {
        "in one message (`alerta.v2`)": sum(seconds(clients).values()),
        "in a message for each change": sum(seconds(clients, RUSH).values()),
    }


def dollars(clients: int) -> dict[str, float]:
    """Return the monthly costs by item."""
    days, hours = USE["days"].value, USE["hours"].value
    open_hours = clients * hours * days
    heartbeats = open_hours * 3600 / USE["silence_s"].value
    opened = clients * USE["opened"].value * days
    changes = USE["changes_a_day"].value * days
    delivered = changes * clients
    return {
        "connections": open_hours * 60 * PRICES["minute"].value,
        "heartbeats": _messages(2 * heartbeats) + heartbeats * _handled(reads=2),
        "opening and closing": opened * 2 * (_handled(writes=1)),
        "broadcasts": _messages(delivered) + changes * _broadcast(clients),
        "e-mails": changes / 2 * USE["emails"].value * PRICES["email"].value,
        "data": (delivered * USE["frame_bytes"].value + heartbeats * 250)
        / 1e9
        * PRICES["gb_out"].value,
    }


def change_dollars(clients: int) -> float:
    """Return the cost of one more change in dollars."""
    return clients * PRICES["message"].value + _broadcast(clients)


def _messages(count: float) -> float:
    beyond = max(0.0, count - 1e9)
    return (count - beyond) * PRICES["message"].value + beyond * PRICES["many_messages"].value


def _handled(*, reads: int = 0, writes: int = 0) -> float:
    """Return the cost of one event for a handler of 512 MB, with its logs."""
    gb_s = 0.5 * COSTS["handler_s"].value
    return (
        PRICES["invocation"].value
        + gb_s * PRICES["gb_s"].value
        + reads * PRICES["read"].value
        + writes * PRICES["write"].value
        + COSTS["log_bytes"].value / 1e9 * PRICES["log_gb"].value
    )


def _broadcast(clients: int) -> float:
    """Return the cost of a broadcast without its messages: scan, queue and Lambdas of 1 GB."""
    read_units = clients * COSTS["item_bytes"].value / 4096
    times = seconds(clients)
    shards = ceil(clients / SHARD) if clients > INLINE else 0
    posting_s = times["posts"] * (CONCURRENCY if shards else 1)
    lambda_s = times[READING] + times["queue"] + posting_s
    return (
        read_units * PRICES["read"].value
        + shards * (2.1 * PRICES["queue"].value + PRICES["read"].value)
        + (shards + 1) * (PRICES["write"].value + PRICES["invocation"].value)
        + lambda_s * PRICES["gb_s"].value
    )


@dataclass(frozen=True)
class Quota:
    """A quota of AWS, with its use by N clients; ``raised``: how to raise it."""

    name: str
    limit: float
    used: Callable[[int], float]
    raised: str


def heartbeats_a_s(clients: int) -> float:
    """Return the heartbeats a second of clients on an idle feed."""
    return clients / USE["silence_s"].value


QUOTAS = (
    Quota(
        "requests a second, the account's (heartbeats and pongs)",
        RATE,
        lambda n: 2 * heartbeats_a_s(n),
        "by request to AWS",
    ),
    Quota(
        "messages a second, this API's throttle",
        500,
        heartbeats_a_s,
        "`ThrottlingRateLimit` in deploy/apis.yml",
    ),
    Quota(
        "new connections a second, renewals alone",
        500,
        lambda n: n / 7200,
        "by request to AWS; after an outage everybody takes N / 500 s",
    ),
    Quota(
        "Lambdas at once, heartbeats and a broadcast",
        1_000,
        lambda n: heartbeats_a_s(n) * COSTS["handler_s"].value + CONCURRENCY + 2,
        "by request to AWS; a new account may have 10",
    ),
    Quota(
        "read units a second of one item: the counter, by heartbeats",
        3_000,
        heartbeats_a_s,
        "no quota that can be raised: longer silence, or a second feed",
    ),
    Quota(
        "read units a second of `Connections`, one broadcast",
        12_000,
        lambda n: n * COSTS["item_bytes"].value / 4096 / max(seconds(n)["posts"], 1.0),
        "on-demand tables begin with 12,000 and grow with use",
    ),
)
