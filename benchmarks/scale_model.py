"""The model of a deployment on AWS with N clients: the times of broadcasts, and the quotas.

Every figure follows from the facts of ``scale_facts``; nothing here is measured. ``scale_report``
writes them into docs/scale.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from benchmarks.scale_facts import COSTS, MILLION, USE

SHARD = 250
INLINE = 250
THREADS = 64
CONCURRENCY = 5
RATE, BURST = 10_000, 5_000
# The account's requests a second in the smaller regions, and half as many at once.
SMALL_RATE = 2_500
# The part of them that a broadcast takes, and the changes of a rush: a batch of the stream.
SHARE = 0.7
RUSH = 25
# ``broadcast`` reads a page of so many connections, and counts one of so many segments.
PAGE_ROWS = 1_000
SEGMENTS = 64
# A client that gets nothing pings after 1.1 to 1.2 intervals of the heartbeat.
MISSED_BEATS = (1.1, 1.2)
PINGS_A_S = 600
# The name of one of the parts of ``seconds``.
READING = "reading who is connected"


def seconds(clients: int, messages: int = 1, *, rate: int = RATE) -> dict[str, float]:
    """Return the parts of the time from a commit to the last client, with warm Lambdas.

    ``messages``: to each client, for the changes of one batch. ``rate``: the requests a second
    that the account may make.
    """
    parts = {"stream": COSTS["poll_s"].value, READING: _read_s(min(clients, PAGE_ROWS))}
    if clients <= INLINE:
        posts_s = messages * ceil(clients / THREADS) * COSTS["post_s"].value
        return parts | {"queue": 0.0, "posts": posts_s}
    parts[READING] += _read_s(clients / SEGMENTS)
    shards = ceil(clients / SHARD)
    parts["queue"] = COSTS["queue_s"].value + ceil(shards / 10) * COSTS["batch_s"].value
    waves = ceil(shards / CONCURRENCY)
    return parts | {"posts": max(waves * _shard_s(messages), paced_s(clients * messages, rate))}


def _shard_s(messages: int) -> float:
    return messages * ceil(SHARD / THREADS) * COSTS["post_s"].value + COSTS["shard_s"].value


def _read_s(connections: float) -> float:
    megabytes = connections * COSTS["item_bytes"].value / MILLION
    return max(COSTS["read_s"].value, megabytes * COSTS["page_s"].value)


def floor_s(posts: int) -> float:
    """Return the least time for so many posts under the account's request quota."""
    return max(0.0, (posts - BURST) / RATE)


def paced_s(posts: int, rate: int = RATE) -> float:
    """Return the time for so many posts at the pace that leaves the rest of the quota free."""
    return max(0.0, (posts - SHARE * rate / 2) / (SHARE * rate))


def rush_seconds(clients: int) -> dict[str, float]:
    """Return the time until all clients have a batch of changes, by how it is sent."""
    return {
        "in one message (`alerta.v2`)": sum(seconds(clients).values()),
        f"the same, with `requestQuota` {SMALL_RATE:,}": sum(
            seconds(clients, rate=SMALL_RATE).values()
        ),
        "in a message for each change": sum(seconds(clients, RUSH).values()),
        "by version 0.1": earlier_rush_s(clients),
    }


def earlier_reading_s(clients: int) -> float:
    """Return the time in which version 0.1 read who is connected: all, one page after the other."""
    return _read_s(clients)


def earlier_rush_s(clients: int) -> float:
    """Return the time of version 0.1 for a batch: a broadcast for each change, without a pace."""
    posts = RUSH * clients
    if clients <= INLINE:
        sent_s = RUSH * ceil(clients / THREADS) * COSTS["post_s"].value
    else:
        waves = ceil(RUSH * ceil(clients / SHARD) / CONCURRENCY)
        sent_s = COSTS["queue_s"].value + waves * _shard_s(1)
    # The workers send while the next change's connections are read.
    read_s = earlier_reading_s(clients)
    return COSTS["poll_s"].value + read_s + max(sent_s, floor_s(posts), (RUSH - 1) * read_s)


@dataclass(frozen=True)
class Quota:
    """A quota of AWS, with its use by N clients; ``raised``: how to raise it."""

    name: str
    limit: float
    used: Callable[[int], float]
    raised: str


def openings_a_s(clients: int) -> float:
    """Return the connections a second that clients open, on an idle feed."""
    return clients * USE["opened"].value / (USE["hours"].value * 3600)


def wakeups_a_s(clients: int) -> float:
    """Return the pings a second of clients that return or have their network back."""
    return clients * USE["woken"].value / (USE["hours"].value * 3600)


def missed_pings_a_s(clients: int) -> float:
    """Return the pings a second after a heartbeat that reached no client."""
    first, last = MISSED_BEATS
    return clients / ((last - first) * COSTS["beat_s"].value)


def _lambdas(clients: int) -> float:
    events = 3 * openings_a_s(clients) + wakeups_a_s(clients)
    return events * COSTS["handler_s"].value + CONCURRENCY + 2


QUOTAS = (
    Quota(
        "requests a second that a broadcast leaves: a handshake, `sync`, `ping`, and answers",
        round((1 - SHARE) * RATE),
        lambda n: 5 * openings_a_s(n) + 2 * wakeups_a_s(n),
        "by request to AWS, then `requestQuota`",
    ),
    Quota(
        "pings a second, their route's throttle",
        PINGS_A_S,
        lambda n: openings_a_s(n) + wakeups_a_s(n),
        "`ping` in deploy/apis.yml",
    ),
    Quota(
        "the same, when a heartbeat has reached no client",
        PINGS_A_S,
        missed_pings_a_s,
        "as above; a client whose ping is refused connects again",
    ),
    Quota(
        "seconds of a heartbeat, which is useful for a minute",
        COSTS["beat_useful_s"].value,
        lambda n: sum(seconds(n).values()),
        "requests a second; clients that it does not reach ping",
    ),
    Quota(
        "new connections a second, renewals alone",
        500,
        lambda n: n / 7200,
        "by request to AWS; after an outage everybody takes N / 500 s",
    ),
    Quota(
        "Lambdas at once, messages and a broadcast",
        1_000,
        _lambdas,
        "by request to AWS; a new account may have 10",
    ),
    Quota(
        "read units a second of one item: the counter",
        3_000,
        lambda n: 2 * openings_a_s(n) + wakeups_a_s(n),
        "no quota that can be raised: a second feed",
    ),
    Quota(
        "read units a second of `Connections`, one broadcast",
        12_000,
        lambda n: n * COSTS["item_bytes"].value / 4096 / max(seconds(n)["posts"], 1.0),
        "on-demand tables begin with 12,000 and grow with use",
    ),
)
