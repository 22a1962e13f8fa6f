"""The tables and charts of the fan-out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.plots import Series, bar_chart, line_chart
from benchmarks.servers import LIMIT, OURS
from benchmarks.stats import Row, Spread
from benchmarks.tables import NONE, failures, figure, table

Result = dict[str, Any]


def report(result: Result, folder: Path) -> dict[str, str]:
    """Return the sections of ``docs/performance.md``."""
    _draw(result, folder)
    return {
        "fanout": _by_size(result, _speed_cell)
        + "\n\n![Deliveries a second over clients](performance/fanout.svg)",
        "fanout-last": _by_size(result, _last_cell)
        + "\n\n![Time to the last client](performance/fanout-last.svg)",
        "fanout-burst": _burst(result) + "\n\n![A burst](performance/fanout-burst.svg)",
        "fanout-filters": _filters(result),
        "fanout-memory": _by_size(result, lambda row: figure(row["client_kib"], 1))
        + "\n\n![Memory of a client](performance/fanout-memory.svg)",
        "fanout-idle": _by_size(result, _idle_cell),
        "fanout-servers": _servers(result)
        + failures(result["summary"], "server", "case", "clients"),
    }


def _speed_cell(row: Row) -> str:
    return f"{figure(row['deliveries_per_s'], 0, 1e-3)} · {_ratio(row['of_limit'])}"


def _last_cell(row: Row) -> str:
    return f"{figure(row['last_p50_ms'], 1)} · {figure(row['last_p99_ms'], 1)}"


def _idle_cell(row: Row) -> str:
    return f"{_median(row['server_cpu']):.0%} · {_median(row['client_idle']):.0%}"


def _by_size(result: Result, cell: Callable[[Row], str]) -> str:
    """Return a row for each server and a column for each number of clients, for one message."""
    found = {(r["server"], r["clients"]): r for r in _rows(result, "single")}
    sizes = sorted({clients for _, clients in found})
    rows = []
    for server in result["servers"]:
        cells = []
        for clients in sizes:
            row = found.get((server["name"], clients))
            cells.append(cell(row) if row and row["deliveries_per_s"] else _why(server, row))
        rows.append([_label(server), *cells])
    return table(["server", *(f"{clients:,}" for clients in sizes)], rows)


def _burst(result: Result) -> str:
    found = {row["server"]: row for row in _rows(result, "burst")}
    rows = []
    for server in result["servers"]:
        row = found.get(server["name"])
        if row is None or row["deliveries_per_s"] is None:
            rows.append([_label(server), _why(server, row), NONE, NONE])
            continue
        speed, last = row["deliveries_per_s"], row["last_p50_ms"]
        rows.append(
            [_label(server), figure(speed, 0, 1e-3), _ratio(row["of_limit"]), figure(last, 1)]
        )
    heads = ["server", "thousand deliveries/s", "of the C loop", "last client, p50, ms"]
    return table(heads, rows)


def _filters(result: Result) -> str:
    none = {r["clients"]: r for r in _rows(result, "single") if r["server"] == OURS}
    rows = [
        [
            f"{row['clients']:,}",
            figure(none[row["clients"]]["deliveries_per_s"], 0, 1e-3),
            figure(row["deliveries_per_s"], 0, 1e-3),
            figure(row["of_none"], 2),
        ]
        for row in _rows(result, "filters")
        if row["clients"] in none
    ]
    return table(["clients", "no filter, k/s", "1,000 filters, k/s", "ratio"], rows)


def _servers(result: Result) -> str:
    rows = [
        [_label(s), s["version"] or f"not installed: {s['missing']}"] for s in result["servers"]
    ]
    return "\n".join(["| server | version |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def _draw(result: Result, folder: Path) -> None:
    line_chart(
        folder / "fanout.svg",
        title="One message in flight: deliveries a second",
        x="clients",
        y="deliveries a second",
        series=_series(result, "deliveries_per_s"),
        log_x=True,
    )
    line_chart(
        folder / "fanout-last.svg",
        title="One message in flight: time to the last client, p99",
        x="clients",
        y="milliseconds",
        series=_series(result, "last_p99_ms"),
        log_x=True,
        log_y=True,
    )
    line_chart(
        folder / "fanout-memory.svg",
        title="Server memory for each idle client",
        x="clients",
        y="KiB resident",
        series=_series(result, "client_kib"),
        log_x=True,
    )
    clients = next(int(row["clients"]) for row in _rows(result, "burst"))
    bar_chart(
        folder / "fanout-burst.svg",
        title=f"A burst: 16 messages in flight at {clients:,} clients",
        x="deliveries a second",
        series=_series(result, "deliveries_per_s", "burst"),
    )


def _series(result: Result, name: str, case: str = "single") -> list[Series]:
    found = []
    for server in result["servers"]:
        rows = [r for r in _rows(result, case) if r["server"] == server["name"] and r[name]]
        if rows:
            rows.sort(key=lambda row: int(row["clients"]))
            found.append(
                Series(
                    server["label"],
                    [(row["clients"], row[name]["median"]) for row in rows],
                    [(row[name]["min"], row[name]["max"]) for row in rows],
                    main=server["name"] == OURS,
                    limit=server["name"] == LIMIT,
                )
            )
    return found


def _rows(result: Result, case: str) -> Sequence[Row]:
    return [row for row in result["summary"] if row["case"] == case]


def _label(server: Row) -> str:
    return f"**{server['label']}**" if server["name"] == OURS else str(server["label"])


def _why(server: Row, row: Row | None) -> str:
    if "missing" in server:
        return "not installed"
    return "failed" if row else NONE


def _ratio(spread: Spread | None) -> str:
    return f"{spread['median']:.2f}" if spread else NONE


def _median(spread: Spread) -> float:
    return spread["median"]
