"""N clients reconnect at once and ``sync`` the changes that they missed.

They disconnect together, miss ten incidents, and reconnect in the same instant, as after a network
failure; a real client would first wait for a random time.
"""

from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.machine import machine
from benchmarks.options import Options, Steps
from benchmarks.running import TRIES, measure
from benchmarks.servers import BY_NAME, OURS
from benchmarks.stats import groups, spread
from benchmarks.tables import failures, figure, table

SIZES = (1_000, 10_000)
QUICK_SIZES = (1_000,)
GOAL_CLIENTS, GOAL_S = 10_000, 15.0
ROUNDS = 3  # each takes half a minute


def run(options: Options) -> dict[str, Any]:
    """Measure each size in every round."""
    sizes = options.clients or (QUICK_SIZES if options.quick else SIZES)
    rounds = 1 if options.quick else min(options.rounds, ROUNDS)
    about = machine()
    steps = Steps(options.say, len(sizes) * rounds)
    runs = []
    for number in range(1, rounds + 1):
        for clients in sizes:
            steps.next(f"reconnect {number}/{rounds}  {clients:,} clients")
            found = measure(
                BY_NAME[OURS],
                "reconnect",
                {"clients": clients},
                tries=1 if options.quick else TRIES,
            )
            runs.append({"round": number, "server": OURS, **found, "clients": clients})
    return {
        "machine": about,
        "options": {"rounds": rounds, "quick": options.quick},
        "summary": [
            _summary(clients, rows) for (clients,), rows in groups(runs, "clients").items()
        ],
        "runs": runs,
    }


def _summary(clients: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    good = [row for row in rows if "error" not in row]
    return {
        "clients": clients,
        "answered_s": spread(row["seconds"] for row in good),
        "handshakes_s": spread(row["handshakes_s"] for row in good),
        "refused": sum(row["refused"] for row in good),
        "lost": sum(row["lost"] for row in good),
        "complete": all(
            row["answered"] == clients and row["answer_messages"] == clients * row["messages"]
            for row in good
        ),
        "server_cpu": spread(row["server_cpu"] for row in good),
        "client_idle": spread(row["client_idle"] for row in good),
        "errors": [row["error"] for row in rows if "error" in row],
    }


def report(result: dict[str, Any], _folder: Path) -> dict[str, str]:
    """Return the table of ``docs/performance.md``."""
    heads = ["clients", "all connected, s", "all answered, s", "refused", "lost", "client idle"]
    rows = [
        [
            f"{row['clients']:,}",
            figure(row["handshakes_s"], 2),
            figure(row["answered_s"], 2),
            str(row["refused"]),
            str(row["lost"]),
            figure(row["client_idle"], 2),
        ]
        for row in result["summary"]
    ]
    return {"reconnect": table(heads, rows) + failures(result["summary"], "clients")}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals: every client is back in time, and none was refused."""
    text, target = f"{GOAL_CLIENTS:,} reconnects with `sync`", f"< {GOAL_S:g} s, none refused"
    for row in result["summary"]:
        if row["clients"] == GOAL_CLIENTS and row["answered_s"]:
            took, turned_away = row["answered_s"]["median"], row["refused"] + row["lost"]
            met = took < GOAL_S and not turned_away and row["complete"] and not row["errors"]
            return [Goal(text, target, f"{took:.1f} s, {turned_away} refused or lost", met)]
    return [Goal(text, target)]
