"""What a month costs on AWS, by this version of the service and by version 0.1."""

from dataclasses import dataclass
from math import ceil

from benchmarks.scale_facts import COSTS, HOURS_A_MONTH, PRICES, USE
from benchmarks.scale_model import CONCURRENCY, INLINE, READING, SHARD, seconds


@dataclass(frozen=True)
class Release:
    """What a version of the service has, as far as it costs money.

    ``metrics``: of the service, which always have values and which have them while people work;
    ``route_metrics``: API Gateway's of single routes; ``minute_runs``: functions that run each
    minute; ``hour_runs``: further runs an hour. ``logs_each_call``: with Lambda's own lines about
    each message of a client.
    """

    sends_heartbeats: bool
    metrics: tuple[int, int]
    route_metrics: int
    alarm_metrics: int
    dashboards: int
    queues: int
    fifo_queues: int
    minute_runs: int
    hour_runs: int
    secrets: int
    logs_each_call: bool


# 8 routes of the sockets with 5 metrics each and 24 of HTTP with 6.
VERSION_01 = Release(
    sends_heartbeats=False,
    metrics=(0, 14),
    route_metrics=8 * 5 + 24 * 6,
    alarm_metrics=1,
    dashboards=0,
    queues=2,
    fifo_queues=0,
    minute_runs=3,
    hour_runs=0,
    secrets=0,
    logs_each_call=True,
)
# Metrics without a label that always have values, and while people work: commits, conflicts and
# unavailable, 14 of the channels (broadcast 6, email 4, webhook 3, heartbeat 1), and refused
# handshakes for three reasons.
NOW = Release(
    sends_heartbeats=True,
    metrics=(5, 3 + 14 + 3),
    route_metrics=0,
    alarm_metrics=32,
    dashboards=1,
    queues=2,
    fifo_queues=2,
    minute_runs=3,
    hour_runs=12 + 1,
    secrets=1,
    logs_each_call=False,
)


def dollars(clients: int, release: Release = NOW) -> dict[str, float]:
    """Return the monthly costs by item."""
    return _by_clients(clients, release) | _fixed(release)


def fixed_dollars(release: Release = NOW) -> float:
    """Return the part of the monthly costs that does not grow with the clients."""
    return sum(_fixed(release).values())


def dollars_at_most(clients: int, release: Release = NOW) -> float:
    """Return the monthly costs if every metric has values in every hour."""
    unbilled = 1 - _worked_hours() / HOURS_A_MONTH
    more = unbilled * (release.metrics[1] + release.route_metrics)
    return sum(dollars(clients, release).values()) + more * PRICES["metric"].value


def heartbeat_dollars(clients: int) -> float:
    """Return the monthly cost of the heartbeats that the service sends."""
    sent = _open_hours(clients) * 3600 / COSTS["beat_s"].value
    beats = _worked_hours() * 3600 / COSTS["beat_s"].value
    return _messages(sent) + beats * _broadcast(clients)


def ping_dollars(clients: int, release: Release = NOW) -> float:
    """Return the monthly cost of clients that ping every few minutes, without a heartbeat."""
    pings = _open_hours(clients) * 3600 / COSTS["ping_s"].value
    return _messages(2 * pings) + pings * _asked(release, reads=2)


def change_dollars(clients: int) -> float:
    """Return the cost of one more change in dollars."""
    return clients * PRICES["message"].value + _broadcast(clients) + _committed()


def _by_clients(clients: int, release: Release) -> dict[str, float]:
    days = USE["days"].value
    opened = clients * USE["opened"].value * days
    woken = clients * USE["woken"].value * days
    changes = USE["changes_a_day"].value * days
    delivered = changes * clients
    sent_bytes = delivered * USE["frame_bytes"].value + opened * COSTS["sync_bytes"].value
    if release.sends_heartbeats:
        heartbeats = heartbeat_dollars(clients)
    else:
        heartbeats = ping_dollars(clients, release)
    # This version pings once on each connection.
    pings = woken + (opened if release.sends_heartbeats else 0)
    return {
        "connections": _open_hours(clients) * 60 * PRICES["minute"].value,
        "heartbeats": heartbeats,
        "opening and closing": opened * 2 * _asked(release, writes=1),
        "`sync` at each opening": _messages(2 * opened) + opened * _asked(release, reads=4),
        "pings at openings and wake-ups": _messages(2 * pings) + pings * _asked(release, reads=2),
        "broadcasts": _messages(delivered) + changes * _broadcast(clients),
        "the panel's pages": _pages(clients),
        "looking for expired connections": _worked_hours() * 60 * _swept(clients),
        "data": sent_bytes / 1e9 * PRICES["gb_out"].value,
    }


def _fixed(release: Release) -> dict[str, float]:
    changes = USE["changes_a_day"].value * USE["days"].value
    always, working = release.metrics
    worked = _worked_hours() / HOURS_A_MONTH
    runs = HOURS_A_MONTH * (60 * release.minute_runs + release.hour_runs)
    keys = COSTS["key_users"].value * HOURS_A_MONTH * 3600 / COSTS["key_s"].value
    return {
        "reports, commits and the relay": changes * _committed(),
        "e-mails": changes / 2 * USE["emails"].value * PRICES["email"].value,
        "the service's metrics": (always + worked * working) * PRICES["metric"].value,
        "metrics of single routes": worked * release.route_metrics * PRICES["metric"].value,
        "alarms and dashboard": release.alarm_metrics * PRICES["alarm"].value
        + release.dashboards * PRICES["dashboard"].value,
        "polling of empty queues": _polls(release),
        "runs of schedules": runs * _handled(),
        "keys of tables, secrets": keys * PRICES["key"].value
        + release.secrets * PRICES["secret"].value,
    }


def _worked_hours() -> float:
    return USE["hours"].value * USE["days"].value


def _open_hours(clients: int) -> float:
    return clients * _worked_hours()


def _messages(count: float) -> float:
    beyond = max(0.0, count - 1e9)
    return (count - beyond) * PRICES["message"].value + beyond * PRICES["many_messages"].value


def _asked(release: Release, *, reads: int = 0, writes: int = 0) -> float:
    """Return the cost of one message of a client, or of a handshake or an end."""
    saved_bytes = 0 if release.logs_each_call else COSTS["call_log_bytes"].value
    return _handled(reads=reads, writes=writes) - saved_bytes / 1e9 * PRICES["log_gb"].value


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
    logs = (shards + 1) * COSTS["log_bytes"].value / 1e9 * PRICES["log_gb"].value
    return (
        read_units * PRICES["read"].value
        + shards * (2.1 * PRICES["queue"].value + PRICES["read"].value)
        + (shards + 1) * (PRICES["write"].value + PRICES["invocation"].value)
        + lambda_s * PRICES["gb_s"].value
        + logs
    )


def _committed() -> float:
    """Return the cost of one change without its broadcast.

    The message and its ack, a token of the submitter, and a transaction of four items of 2 KB,
    each written twice and with an index; then ``relay``, two queues with three requests each,
    ``alarm`` and ``webhooks``, with four reads and two writes.
    """
    transaction = 4 * 2 * 2 + 2 * 2
    taken = 2 * PRICES["message"].value + _handled(reads=4, writes=1 + transaction)
    return taken + 3 * _handled(reads=2, writes=1) + 2 * 3 * PRICES["fifo"].value


def _pages(clients: int) -> float:
    opened = clients * USE["pages"].value * USE["days"].value
    requests = COSTS["page_requests"].value * (PRICES["http"].value + _handled(reads=1))
    return opened * (requests + COSTS["page_bytes"].value / 1e9 * PRICES["gb_out"].value)


def _swept(clients: int) -> float:
    """Return the cost of one scan of all connections, beyond its run: half a unit for 4 KB."""
    read_units = clients * COSTS["item_bytes"].value / 4096 / 2
    scanned_s = clients * COSTS["item_bytes"].value / 1e6 * COSTS["page_s"].value
    return read_units * PRICES["read"].value + scanned_s * PRICES["gb_s"].value


def _polls(release: Release) -> float:
    """Return the cost of asking empty queues for messages."""
    polls = COSTS["pollers"].value * HOURS_A_MONTH * 3600 / COSTS["poller_s"].value
    prices = release.queues * PRICES["queue"].value + release.fifo_queues * PRICES["fifo"].value
    return polls * prices
