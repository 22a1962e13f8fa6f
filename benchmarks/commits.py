"""Many reports at once on AWS: how long an ack takes, by combining commits and one by one.

First a model: the service's own code in simulated time, with the assumed times and the quotas of
DynamoDB. Then the same code with botocore and threads, in front of a stand-in that holds the
feed's counter for 12 to 18 ms a transaction.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alerta_utec.domain.errors import Unavailable
from benchmarks.commit_model import simulate
from benchmarks.commit_policies import POLICIES
from benchmarks.commit_stub import live_store
from benchmarks.goals import Goal
from benchmarks.machine import machine
from benchmarks.options import Options, Steps
from benchmarks.stats import groups, spread
from benchmarks.tables import figure, table
from tests.contract.builders import creation

# (reports, seconds in which they arrive)
RUSHES = ((100, 1), (300, 2), (1_000, 5), (2_000, 5))
QUICK_RUSHES = RUSHES[:1]
GOAL = (1_000, 5)
# Reports a second from independent callers.
RATES, QUICK_RATES = (10, 20, 40, 80), (20,)
SECONDS, QUICK_S = 5.0, 1.0
THREADS = 200
LABELS = {"optimistic": "one by one", "combining": "combined"}
Row = dict[str, Any]


def run(options: Options) -> dict[str, Any]:
    """Simulate every rush once, and measure every rate in each round."""
    about = machine()
    rushes, rates = (QUICK_RUSHES, QUICK_RATES) if options.quick else (RUSHES, RATES)
    rounds = 1 if options.quick else min(3, options.rounds)
    seconds = QUICK_S if options.quick else SECONDS
    steps = Steps(options.say, len(POLICIES) * (len(rushes) + rounds * len(rates)))
    model, runs = [], []
    for reports, within_s in rushes:
        for policy in POLICIES:
            steps.next(f"model: {reports:,} reports in {within_s} s, {LABELS[policy]}")
            model.append(simulate(policy, reports, within_s))
    for number in range(1, rounds + 1):
        for rate in rates:
            for policy in POLICIES:
                steps.next(f"{number}/{rounds}: {rate} reports a second, {LABELS[policy]}")
                runs.append({"round": number, **_measure(policy, rate, seconds)})
    return {
        "machine": about,
        "options": {"rounds": rounds, "seconds": seconds, "quick": options.quick},
        "model": model,
        "summary": [
            _summary(rate, policy, rows)
            for (rate, policy), rows in groups(runs, "rate", "policy").items()
        ],
        "runs": runs,
    }


def _measure(policy: str, rate: int, seconds: float) -> Row:
    """Let reports arrive at random times, whether earlier ones are stored or not."""
    chance = random.Random(rate)  # noqa: S311 (no secret)
    acks_s: list[float] = []
    with live_store() as store, ThreadPoolExecutor(THREADS) as pool:
        store.commit(creation())
        began_s, cpu_s = time.perf_counter(), time.process_time()

        def report(due_s: float) -> bool:
            try:
                POLICIES[policy](store, creation(key=f"clave-{due_s}"))
            except Unavailable:
                return False
            acks_s.append(time.perf_counter() - due_s)
            return True

        waiting = []
        arrivals_s = sorted(chance.uniform(0, seconds) for _ in range(int(rate * seconds)))
        for arrival_s in arrivals_s:
            due_s = began_s + arrival_s
            time.sleep(max(0.0, due_s - time.perf_counter()))
            waiting.append(pool.submit(report, due_s))
        results = [one.result() for one in waiting]
        lasted_s = time.perf_counter() - began_s
        cpu_s = time.process_time() - cpu_s
    acks_s.sort()
    return {
        "rate": rate,
        "policy": policy,
        "commits_per_s": sum(results) / lasted_s,
        "ack_p50_s": acks_s[len(acks_s) // 2],
        "ack_p95_s": acks_s[len(acks_s) * 95 // 100],
        "unavailable": results.count(False),
        "cpu": cpu_s / lasted_s,
    }


def _summary(rate: int, policy: str, rows: Sequence[Row]) -> Row:
    figures = ("commits_per_s", "ack_p50_s", "ack_p95_s", "unavailable", "cpu")
    return {
        "rate": rate,
        "policy": policy,
        **{name: spread(row[name] for row in rows) for name in figures},
    }


def report(result: dict[str, Any], _folder: Path) -> dict[str, str]:
    """Return the tables of ``docs/performance.md``."""
    model = [
        [
            f"{row['reports']:,} in {row['within_s']} s",
            LABELS[row["policy"]],
            f"{row['commits_per_s']:.0f}",
            f"{row['transactions']:.2f}",
            f"{row['ack_p50_s']:.2f}",
            f"{row['ack_p95_s']:.2f}",
            str(row["unavailable"]),
        ]
        for row in result["model"]
    ]
    live = [
        [
            str(row["rate"]),
            LABELS[row["policy"]],
            figure(row["commits_per_s"]),
            figure(row["ack_p50_s"], 2),
            figure(row["ack_p95_s"], 2),
            figure(row["unavailable"]),
            figure(row["cpu"], 0, 100),
        ]
        for row in result["summary"]
    ]
    heads = ["commits", "commits a second", "ack p50, s", "ack p95, s", "`unavailable`"]
    return {
        "commits-model": table(["reports", *heads[:2], "transactions a report", *heads[2:]], model),
        "commits": table(["reports a second", *heads, "a processor's time, %"], live),
    }


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goal of a rush."""
    found = [
        row
        for row in result["model"]
        if (row["reports"], row["within_s"]) == GOAL and row["policy"] == "combining"
    ]
    text = "AWS, modelled: ack p95 of 1,000 reports in 5 s, none `unavailable`"
    if not found:
        return [Goal(text, "< 1 s")]
    (row,) = found
    met = row["ack_p95_s"] < 1 and not row["unavailable"]
    return [Goal(text, "< 1 s", f"{row['ack_p95_s']:.2f} s", met)]
