"""Submitters that each wait for their ack: incidents a second, acknowledged and durable.

Each of N clients sends a ``notify``, waits for its ack and sends the next; all of them hear of
every incident. One submitter alone shows how soon an ack comes.
"""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.goals import Goal
from benchmarks.machine import cores, machine
from benchmarks.native import program
from benchmarks.options import Options, Steps
from benchmarks.running import Running, ServerFailed, started
from benchmarks.servers import BY_NAME, OURS
from benchmarks.stats import groups, spread
from benchmarks.tables import failures, figure, table

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
    """Measure each size in every round."""
    sizes = options.clients or SIZES
    rounds = 1 if options.quick else options.rounds
    about = machine()
    steps = Steps(options.say, len(sizes) * rounds)
    runs = []
    for number in range(1, rounds + 1):
        for clients in sizes:
            steps.next(f"submit {number}/{rounds}  {clients:,} submitters")
            try:
                with started(BY_NAME[OURS]) as running:
                    found = _load(running, clients, QUICK_S if options.quick else SECONDS)
            except (ServerFailed, subprocess.SubprocessError) as error:
                found = {"error": str(error)}
            runs.append({"round": number, "server": OURS, "clients": clients, **found})
    return {
        "machine": about,
        "options": {"rounds": rounds, "quick": options.quick},
        "summary": [_summary(size, rows) for (size,), rows in groups(runs, "clients").items()],
        "runs": runs,
    }


def _load(running: Running, clients: int, seconds: float) -> dict[str, Any]:
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
    found: dict[str, Any] = json.loads(done.stdout)
    ran_to_s, waited_to_s = _usage(running.pid)
    return {
        **found,
        "acks_per_s": found["acks"] / found["seconds"],
        "updates_per_s": found["updates"] / found["seconds"],
        "client_idle": 1 - found["client_cpu_s"] / found["seconds"],
        "server_us_per_ack": (ran_to_s - ran_s) / max(1, found["acks_in_all"]) * 1e6,
        # Of its threads, which also wait for each other where they share a core.
        "server_waited_per_ran": (waited_to_s - waited_s) / max(1e-9, ran_to_s - ran_s),
    }


def _usage(pid: int) -> tuple[float, float]:
    """Seconds that the process's threads ran, and were ready to without a core."""
    ran_ns = waited_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            ran, waited, _ = (task / "schedstat").read_text().split()
            ran_ns, waited_ns = ran_ns + int(ran), waited_ns + int(waited)
    return ran_ns / 1e9, waited_ns / 1e9


def _summary(clients: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    good = [row for row in rows if "error" not in row]
    return {
        "clients": clients,
        "acks_per_s": spread(row["acks_per_s"] for row in good),
        "updates_per_s": spread(row["updates_per_s"] for row in good),
        "ack_p50_s": spread(row["ack_s"]["p50"] for row in good),
        "ack_p99_s": spread(row["ack_s"]["p99"] for row in good),
        "server_us_per_ack": spread(row["server_us_per_ack"] for row in good),
        "client_idle": spread(row["client_idle"] for row in good),
        "complete": all(not row["errors"] and not row["updates_missing"] for row in good),
        "errors": [row["error"] for row in rows if "error" in row],
    }


def report(result: dict[str, Any], _folder: Path) -> dict[str, str]:
    """The table of ``docs/performance.md``."""
    heads = ["submitters", "acks a second", "deliveries a second", "ack p50, ms", "ack p99, ms"]
    heads += ["server's CPU an incident, µs", "client idle"]
    rows = [
        [
            f"{row['clients']:,}",
            figure(row["acks_per_s"]),
            figure(row["updates_per_s"]),
            figure(row["ack_p50_s"], 2, 1e3),
            figure(row["ack_p99_s"], 2, 1e3),
            figure(row["server_us_per_ack"]),
            figure(row["client_idle"], 2),
        ]
        for row in result["summary"]
    ]
    return {"submit": table(heads, rows) + failures(result["summary"], "clients")}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Many together are fast, and one alone is soon answered."""
    together = Goal(f"incidents a second of {GOAL_CLIENTS} submitters", f"≥ {GOAL_PER_S:,}")
    alone = Goal("ack of one submitter alone, p50", f"< {GOAL_ACK_S * 1e3:g} ms")
    for row in result["summary"]:
        if row["acks_per_s"] is None:
            continue
        whole = row["complete"] and not row["errors"]
        if row["clients"] == GOAL_CLIENTS:
            reached = row["acks_per_s"]["median"]
            met = reached >= GOAL_PER_S and whole
            together = Goal(together.text, together.target, f"{reached:,.0f}", met)
        if row["clients"] == 1:
            took_s = row["ack_p50_s"]["median"]
            met = took_s < GOAL_ACK_S and whole
            alone = Goal(alone.text, alone.target, f"{took_s * 1e3:.2f} ms", met)
    return [together, alone]
