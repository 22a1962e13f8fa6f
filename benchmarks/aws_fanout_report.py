"""The tables and the chart of the AWS deployment's fan-out."""

from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.plots import Series, line_chart
from benchmarks.stats import Row
from benchmarks.tables import NONE, figure, table

Result = dict[str, Any]
LABELS = {
    "alerta": "Alerta UTEC",
    "alerta-quota": "Alerta UTEC, within the quota",
    "boto3": "boto3, 64 threads",
    "loop": "boto3, a plain loop",
}
QUOTA_FLOOR = "the quota's floor"


def report(result: Result, folder: Path) -> dict[str, str]:
    """Return the sections of ``docs/performance.md``."""
    _draw(result, folder)
    return {
        "aws-clients": _clients(result),
        "aws-fanout": _broadcasts(result)
        + "\n\n![Time until all have the frame](performance/aws-fanout.svg)",
        "aws-choices": _choices(result),
    }


def goals(result: Result) -> list[Goal]:
    """Return the goals of the client for ``@connections``."""
    ours, theirs = (_client(result, name, tls=False) for name in ("alerta", "boto3"))
    if ours is None or theirs is None:
        return []
    times = ours["posts_per_s"]["median"] / theirs["posts_per_s"]["median"]
    cpu_ms = ours["cpu_ms"]["median"]
    return [
        Goal(
            "AWS: posts a second beside boto3's on 64 threads",
            "3 times",
            f"{times:.1f} times",
            times >= 3,
        ),
        Goal("AWS: CPU of a post", "≤ 0.35 ms", f"{cpu_ms:.2f} ms", cpu_ms <= 0.35),
    ]


def floor_s(clients: int, quota: dict[str, float]) -> float:
    """Return the least time that the account's quota allows."""
    return max(0.0, (clients - quota["burst"]) / quota["rate"])


def _client(result: Result, name: str, *, tls: bool) -> Row | None:
    rows = result["summary"]["clients"]
    return next((row for row in rows if row["client"] == name and row["tls"] is tls), None)


def _clients(result: Result) -> str:
    rows = [
        [
            f"{LABELS[row['client']]}{', TLS' if row['tls'] else ''}",
            figure(row["posts_per_s"]),
            figure(row["cpu_ms"], 3),
            figure(row["gateway_idle"], 0, 100),
        ]
        for row in result["summary"]["clients"]
    ]
    return table(["client", "posts/s", "CPU ms a post", "stand-in's idle share, %"], rows)


def _broadcasts(result: Result) -> str:
    found = {(row["how"], row["clients"]): row for row in result["summary"]["broadcasts"]}
    sizes = sorted({clients for _, clients in found})
    rows = []
    for how, label in LABELS.items():
        cells = [_cell(found, how, size) for size in sizes]
        rows.append([label, *cells])
    quota = result["options"]["quota"]
    rows.append([QUOTA_FLOOR, *(f"{floor_s(size, quota):.2f}" for size in sizes)])
    return table(["seconds until all have the frame", *(f"{size:,}" for size in sizes)], rows)


def _cell(found: dict[tuple[str, int], Row], how: str, size: int) -> str:
    row = found.get((how, size))
    if row is not None:
        return figure(row["seconds"], 3 if size < 1_000 else 2)
    most = max((clients for name, clients in found if name == how), default=0)
    if how != "loop" or not most:
        return NONE
    each_s: float = found[how, most]["seconds"]["median"] / most
    return f"{each_s * size:.0f} (worked out)"


def _choices(result: Result) -> str:
    rows = [
        [
            f"{row['concurrency']} with {row['threads']}",
            figure(row["seconds"], 2),
            figure(row["throttled"], 0, 100),
        ]
        for row in result["summary"]["choices"]
    ]
    return table(["Lambdas, posts at once in each", "seconds", "refused with 429, %"], rows)


def _draw(result: Result, folder: Path) -> None:
    rows = result["summary"]["broadcasts"]
    quota = result["options"]["quota"]
    series = []
    for how, label in LABELS.items():
        own = sorted((row for row in rows if row["how"] == how), key=lambda row: row["clients"])
        if len(own) > 1:
            points = [(row["clients"], row["seconds"]["median"]) for row in own]
            ranges = [(row["seconds"]["min"], row["seconds"]["max"]) for row in own]
            series.append(Series(label, points, ranges, main=how == "alerta"))
    beyond = [
        size for size in (6_000, 8_000, 10_000) if size <= max(row["clients"] for row in rows)
    ]
    if len(beyond) > 1:
        floor = [(float(size), floor_s(size, quota)) for size in beyond]
        series.append(Series(QUOTA_FLOOR, floor, limit=True))
    line_chart(
        folder / "aws-fanout.svg",
        title="Time until all have the frame, stand-in of 10 ms",
        x="connections",
        y="seconds",
        series=series,
        log_x=True,
        log_y=True,
    )
