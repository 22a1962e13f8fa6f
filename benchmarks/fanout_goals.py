"""The goals of the fan-out."""

from operator import itemgetter
from typing import Any

from benchmarks.goals import Goal
from benchmarks.servers import BY_NAME, LIMIT, OURS
from benchmarks.stats import Row, groups, ratios

OF_LIMIT = {1_000: 0.70, 5_000: 0.75}
NEAR_LIMIT = 0.90
BURST_PER_S = 1e6
LAST_CLIENTS, LAST_MS = 10_000, 100.0
CLIENT_KIB = 18.0
FILTERS_COST = 0.10


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals for the summary of a whole run."""
    found = {(r["server"], r["case"], r["clients"]): r for r in result["summary"]}
    ours = {c: found.get((OURS, "single", c), {}) for c in (*OF_LIMIT, LAST_CLIENTS)}
    return [
        *(_of_limit(ours[clients], clients, least) for clients, least in OF_LIMIT.items()),
        *(_ahead(result, clients) for clients in OF_LIMIT),
        _least("a burst at 1,000 clients", found.get((OURS, "burst", 1_000), {}), BURST_PER_S),
        _most(f"last of {LAST_CLIENTS:,} clients, p99", ours, "last_p99_ms", LAST_MS, "ms"),
        _most(
            f"memory of one of {LAST_CLIENTS:,} idle clients", ours, "client_kib", CLIENT_KIB, "KiB"
        ),
        *(_filters(found.get((OURS, "filters", clients), {}), clients) for clients in OF_LIMIT),
    ]


def _of_limit(row: Row, clients: int, least: float) -> Goal:
    text, target = (
        f"of the C loop at {clients:,} clients",
        f"≥ {least:.2f}, then ≥ {NEAR_LIMIT:.2f}",
    )
    if not row.get("of_limit"):
        return Goal(text, target)
    ratio = row["of_limit"]["median"]
    return Goal(text, target, f"{ratio:.2f}", ratio >= least)


def _ahead(result: dict[str, Any], clients: int) -> Goal:
    """Compare the service with each measured peer in the same round, except for the C loop."""
    text, target = f"ahead of every peer at {clients:,} clients", "> 1"
    single = [r for r in result["runs"] if (r["case"], r["clients"]) == ("single", clients)]
    servers = {name: rows for (name,), rows in groups(single, "server").items()}
    ours = {row["round"]: row for row in servers.pop(OURS, [])}
    servers.pop(LIMIT, None)
    times: dict[str, float] = {}
    for name, rows in servers.items():
        slower = ratios(rows, itemgetter("deliveries_per_s"), lambda row: ours.get(row["round"]))
        if slower is not None:
            times[name] = 1 / slower["median"]
    if not times:
        return Goal(text, target)
    nearest = min(times, key=lambda name: times[name])
    reached = f"{times[nearest]:.2f} times {BY_NAME[nearest].label}"
    return Goal(text, target, reached, times[nearest] > 1)


def _least(text: str, row: Row, least: float) -> Goal:
    target = f"≥ {least / 1e6:g} M deliveries/s"
    if not row.get("deliveries_per_s"):
        return Goal(text, target)
    speed = row["deliveries_per_s"]["median"]
    return Goal(text, target, f"{speed / 1e6:.2f} M", speed >= least)


def _most(text: str, ours: dict[int, Row], figure: str, most: float, unit: str) -> Goal:
    spread = ours[LAST_CLIENTS].get(figure)
    target = f"< {most:g} {unit}" if unit == "ms" else f"≤ {most:g} {unit}"
    if not spread:
        return Goal(text, target)
    return Goal(text, target, f"{spread['median']:.1f} {unit}", spread["median"] <= most)


def _filters(row: Row, clients: int) -> Goal:
    text, target = f"cost of 1,000 filters at {clients:,} clients", f"< {FILTERS_COST:.0%}"
    if not row.get("of_none"):
        return Goal(text, target)
    cost = 1 - row["of_none"]["median"]
    return Goal(text, target, f"{cost:.1%}", cost < FILTERS_COST)
