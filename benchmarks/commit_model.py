"""The model of many reports at once on AWS: the service's own code, in simulated time.

Each report is a Lambda that commits to the engine of DynamoDB in this process; calls take the
times, and tables have the quotas, of ``commit_network``.
"""

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from benchmarks.commit_network import Region
from benchmarks.commit_policies import POLICIES
from tests.contract.builders import creation
from tests.support.simulated_stores import simulated_stores

SEED = 2026


@dataclass
class Rush:
    """The acks of a rush, in seconds, and the reports that were refused."""

    acks_s: list[float] = field(default_factory=list)
    unavailable: int = 0


def simulate(policy: str, reports: int, within_s: float, *, seed: int = SEED) -> dict[str, Any]:
    """Return the figures of ``reports`` that arrive at random times ``within_s`` seconds."""
    rush, chance = Rush(), random.Random(seed)  # noqa: S311 (no secret)
    with simulated_stores() as stores:
        stores.promptly(lambda store: store.commit(creation()))
        time, tables = stores.time, stores.tables
        region = Region(time, chance, (tables.changes, tables.inbox))
        stores.dynamodb.network = region
        stores.dynamodb.calls.clear()
        began_s = time.now_s

        def report(store: DynamoIncidents, change: Change) -> None:
            arrived_s = time.now_s
            try:
                POLICIES[policy](store, change)
            except Unavailable:
                rush.unavailable += 1
            else:
                rush.acks_s.append(time.now_s - arrived_s)

        for number in range(reports):
            store = stores.store(uniform=chance.uniform)
            at_s = began_s + chance.uniform(0, within_s)
            time.start(at_s, partial(report, store, creation(key=f"clave-{number}")))
        time.run()
        lasted_s, calls = time.now_s - began_s, stores.dynamodb.calls
    acks_s = sorted(rush.acks_s)
    return {
        "policy": policy,
        "reports": reports,
        "within_s": within_s,
        "commits_per_s": len(acks_s) / lasted_s,
        "transactions": calls["transact_write_items"] / reports,
        "calls": sum(calls.values()) / reports,
        "ack_p50_s": acks_s[len(acks_s) // 2],
        "ack_p95_s": acks_s[len(acks_s) * 95 // 100],
        "ack_max_s": acks_s[-1],
        "unavailable": rush.unavailable,
        "throttled": sum(region.throttled.values()),
    }
