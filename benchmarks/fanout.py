"""How fast one message reaches N clients, and how much memory each client costs.

One message in flight at 100 to 10,000 clients, a burst of 16 at 1,000, and the service with
1,000 distinct filters against none. All servers take turns within a round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.fanout_goals import goals
from benchmarks.fanout_report import report
from benchmarks.machine import machine
from benchmarks.options import Options, Steps
from benchmarks.running import TRIES, measure
from benchmarks.servers import BY_NAME, LIMIT, OURS, SERVERS, NotInstalled, Server
from benchmarks.stats import Row, groups, ratios, spread

__all__ = ["goals", "report", "run"]

SIZES = (100, 1_000, 5_000, 10_000)
QUICK_SIZES = (100, 1_000)
BURST_CLIENTS = 1_000
BURST = 16
FILTERS = 1_000
FILTER_SIZES = (1_000, 5_000)
SECONDS = 1.8
QUICK_SECONDS = 0.4
BYTES = 440


@dataclass(frozen=True)
class Point:
    """One measurement. ``case``: ``single``, ``burst`` or ``filters``."""

    server: Server
    case: str
    clients: int

    def options(self, options: Options) -> dict[str, float]:
        """Return the options of the load client."""
        found: dict[str, float] = {
            "clients": self.clients,
            "bytes": BYTES,
            "seconds": QUICK_SECONDS if options.quick else SECONDS,
            "warmup": 0.1 if options.quick else 0.3,
        }
        if self.case == "burst":
            found["senders"] = BURST
        if self.case == "filters":
            found["filters"] = FILTERS
        return found


def run(options: Options) -> dict[str, Any]:
    """Measure every point in every round, one server after another."""
    chosen = [BY_NAME[name] for name in options.servers] or list(SERVERS)
    missing = {server.name: why for server in chosen if (why := server.missing())}
    present = [server for server in chosen if server.name not in missing]
    rounds = 1 if options.quick else options.rounds
    about = machine()
    points = list(_points(present, options.clients, quick=options.quick))
    steps = Steps(options.say, len(points) * rounds)
    runs = []
    for number in range(1, rounds + 1):
        for point in points:
            steps.next(f"fanout {number}/{rounds}  {_title(point)}")
            runs.append(_measure(point, number, options))
    return {
        "machine": about,
        "options": {"rounds": rounds, "quick": options.quick, "message_bytes": BYTES},
        "servers": [
            {"name": s.name, "label": s.label, "version": _version(s)}
            | ({"missing": missing[s.name]} if s.name in missing else {})
            for s in chosen
        ],
        "summary": summary(runs),
        "runs": runs,
    }


def summary(runs: Sequence[Row]) -> list[Row]:
    """Return a row for each server, case and size, with the spread over the rounds."""
    return [
        {
            "server": server,
            "case": case,
            "clients": clients,
            "deliveries_per_s": spread(_each(rows, "deliveries_per_s")),
            "of_limit": ratios(rows, _speed, lambda row: _beside(runs, row, LIMIT, _plain(row))),
            "of_none": ratios(rows, _speed, lambda row: _beside(runs, row, OURS, "single"))
            if case == "filters"
            else None,
            "last_p50_ms": spread(row["last_ms"]["p50"] for row in _good(rows)),
            "last_p99_ms": spread(row["last_ms"]["p99"] for row in _good(rows)),
            "first_p50_ms": spread(row["first_ms"]["p50"] for row in _good(rows)),
            "client_kib": spread(
                (row["rss_open_kib"] - row["rss_before_kib"]) / clients for row in _good(rows)
            ),
            "server_cpu": spread(_each(rows, "server_cpu")),
            "client_idle": spread(_each(rows, "client_idle")),
            "client_batch": spread(_each(rows, "client_batch")),
            "others": spread(_each(rows, "others")),
            "errors": [row["error"] for row in rows if "error" in row],
        }
        for (server, case, clients), rows in groups(runs, "server", "case", "clients").items()
    ]


def _points(servers: Sequence[Server], sizes: Sequence[int], *, quick: bool) -> Iterator[Point]:
    for clients in sizes or (QUICK_SIZES if quick else SIZES):
        for server in servers:
            yield Point(server, "single", clients)
            if server.name == OURS and (sizes or clients in FILTER_SIZES):
                yield Point(server, "filters", clients)
    for server in servers:
        yield Point(server, "burst", min(sizes) if sizes else BURST_CLIENTS)


def _measure(point: Point, number: int, options: Options) -> Row:
    tries = 1 if options.quick else TRIES
    found = measure(point.server, "fanout", point.options(options), tries=tries)
    row = {"round": number, "server": point.server.name, "case": point.case}
    return {**row, **found, "clients": point.clients}


def _title(point: Point) -> str:
    case = "" if point.case == "single" else f"  {point.case}"
    return f"{point.clients:,} clients{case}  {point.server.label}"


def _version(server: Server) -> str:
    try:
        return server.version()
    except NotInstalled:
        return ""


def _plain(row: Row) -> str:
    return "burst" if row["case"] == "burst" else "single"


def _beside(runs: Sequence[Row], row: Row, server: str, case: str) -> Row | None:
    """Return the result of another server in the same round."""
    wanted = (row["round"], row["clients"], server, case)
    for other in runs:
        if (other["round"], other["clients"], other["server"], other["case"]) == wanted:
            return other
    return None


def _speed(row: Row) -> float:
    return float(row["deliveries_per_s"])


def _good(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if "error" not in row]


def _each(rows: Sequence[Row], figure: str) -> list[float]:
    return [row[figure] for row in _good(rows)]
