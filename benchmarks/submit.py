"""Submitters that each wait for their ack: incidents a second, acknowledged and durable.

Each of N clients sends a ``notify``, waits for its ack and sends the next; all of them receive
every incident. One submitter alone shows the latency of an ack. The peer is a simple first version,
which commits, sends and acknowledges one incident after another.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.machine import cores, machine
from benchmarks.native import program
from benchmarks.options import Options, Steps
from benchmarks.running import Running, ServerFailed, started
from benchmarks.servers import BY_NAME, ONE_BY_ONE, OURS, Server
from benchmarks.stats import Row, groups, ratios, spread
from benchmarks.tables import failures, figure, table

SERVERS = (BY_NAME[OURS], ONE_BY_ONE)
SIZES = (1, 64)
WARM_S, SECONDS, QUICK_S = 1.0, 5.0, 0.5
CLIENT_S = 60.0
GOAL_CLIENTS, GOAL_PER_S, GOAL_ACK_S = 64, 4_000, 0.005
MESSAGE = json.dumps(
    {
        "action": "notify",
        "incident": {
            "type": "temperatura elevada",
            "location": "Laboratorio B",
            "description": "Temperatura del servidor por encima de 70 grados",
            "urgency": "low",  # no e-mail
        },
    }
)[:-1]  # the load client adds the requestId


def run(options: Options) -> dict[str, Any]:
    """Measure both servers at each size in every round."""
    sizes = options.clients or SIZES
    rounds = 1 if options.quick else options.rounds
    about = machine()
    seconds = QUICK_S if options.quick else SECONDS
    points = [(clients, server) for clients in sizes for server in SERVERS]
    steps = Steps(options.say, len(points) * rounds)
    runs = []
    for number in range(1, rounds + 1):
        for clients, server in points:
            steps.next(f"submit {number}/{rounds}  {clients:,} submitters  {server.label}")
            found = _measure(server, clients, seconds)
            runs.append({"round": number, "server": server.name, "clients": clients, **found})
    return {
        "machine": about,
        "options": {"rounds": rounds, "quick": options.quick},
        "servers": [{"name": server.name, "label": server.label} for server in SERVERS],
        "summary": [
            _summary(name, clients, rows, runs)
            for (clients, name), rows in groups(runs, "clients", "server").items()
        ],
        "runs": runs,
    }


def _measure(server: Server, clients: int, seconds: float) -> Row:
    try:
        with started(server) as running:
            return _load(running, clients, seconds)
    except (ServerFailed, subprocess.SubprocessError) as error:
        return {"error": str(error)}


def _load(running: Running, clients: int, seconds: float) -> Row:
    command = [str(program("submit")), str(running.port), "/dev", str(clients), str(clients)]
    command += [str(WARM_S), str(seconds), MESSAGE]
    ran_s, waited_s = _usage(running.pid)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=CLIENT_S,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {cores()[1]}),
    )
    if done.returncode:
        return {"error": done.stderr.strip()}
    found: Row = json.loads(done.stdout)
    ran_to_s, waited_to_s = _usage(running.pid)
    return {
        **found,
        "acks_per_s": found["acks"] / found["seconds"],
        "updates_per_s": found["updates"] / found["seconds"],
        "client_idle": 1 - found["client_cpu_s"] / found["seconds"],
        "server_us_per_ack": (ran_to_s - ran_s) / max(1, found["acks_in_all"]) * 1e6,
        # Summed over its threads, which also wait for each other on a shared core.
        "server_waited_per_ran": (waited_to_s - waited_s) / max(1e-9, ran_to_s - ran_s),
    }


def _usage(pid: int) -> tuple[float, float]:
    """Return the seconds for which the threads ran, and waited for a core."""
    ran_ns = waited_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            ran, waited, _ = (task / "schedstat").read_text().split()
            ran_ns, waited_ns = ran_ns + int(ran), waited_ns + int(waited)
    return ran_ns / 1e9, waited_ns / 1e9


def _summary(name: str, clients: int, rows: Sequence[Row], runs: Sequence[Row]) -> Row:
    good = [row for row in rows if "error" not in row]
    beside = {
        row["round"]: row
        for row in runs
        if (row["server"], row["clients"]) == (ONE_BY_ONE.name, clients)
    }
    return {
        "server": name,
        "clients": clients,
        "acks_per_s": spread(row["acks_per_s"] for row in good),
        "of_sketch": ratios(rows, itemgetter("acks_per_s"), lambda row: beside[row["round"]]),
        "updates_per_s": spread(row["updates_per_s"] for row in good),
        "ack_p50_s": spread(row["ack_s"]["p50"] for row in good),
        "ack_p99_s": spread(row["ack_s"]["p99"] for row in good),
        "server_us_per_ack": spread(row["server_us_per_ack"] for row in good),
        "client_idle": spread(row["client_idle"] for row in good),
        "complete": all(not row["errors"] and not row["updates_missing"] for row in good),
        "errors": [row["error"] for row in rows if "error" in row],
    }


def report(result: dict[str, Any], _folder: Path) -> dict[str, str]:
    """Return the table of ``docs/performance.md``."""
    labels = {server["name"]: server["label"] for server in result["servers"]}
    heads = ["server", "submitters", "acks a second", "beside the sketch", "deliveries a second"]
    heads += ["ack p50, ms", "ack p99, ms", "server's CPU an incident, µs", "client idle"]
    rows = [
        [
            labels[row["server"]],
            f"{row['clients']:,}",
            figure(row["acks_per_s"]),
            figure(row["of_sketch"], 2),
            figure(row["updates_per_s"]),
            figure(row["ack_p50_s"], 2, 1e3),
            figure(row["ack_p99_s"], 2, 1e3),
            figure(row["server_us_per_ack"]),
            figure(row["client_idle"], 2),
        ]
        for row in result["summary"]
    ]
    return {"submit": table(heads, rows) + failures(result["summary"], "server", "clients")}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals: throughput of many submitters, the peer's, and latency of one."""
    together = Goal(f"incidents a second of {GOAL_CLIENTS} submitters", f"≥ {GOAL_PER_S:,}")
    beside = Goal(f"{GOAL_CLIENTS} submitters beside a sketch that commits one by one", "> 1")
    alone = Goal("ack of one submitter alone, p50", f"< {GOAL_ACK_S * 1e3:g} ms")
    for row in result["summary"]:
        if row["server"] != OURS or row["acks_per_s"] is None:
            continue
        whole = row["complete"] and not row["errors"]
        if row["clients"] == GOAL_CLIENTS:
            reached = row["acks_per_s"]["median"]
            met = reached >= GOAL_PER_S and whole
            together = Goal(together.text, together.target, f"{reached:,.0f}", met)
            if row["of_sketch"] is not None:
                times = row["of_sketch"]["median"]
                beside = Goal(beside.text, beside.target, f"{times:.2f} times", times > 1 and whole)
        if row["clients"] == 1:
            took_s = row["ack_p50_s"]["median"]
            met = took_s < GOAL_ACK_S and whole
            alone = Goal(alone.text, alone.target, f"{took_s * 1e3:.2f} ms", met)
    return [together, beside, alone]
