"""A rush on the AWS deployment: a batch of changes, and reports while all clients are told.

Against the stand-in for ``@connections``. The reports share a bucket with the posts to all clients,
as in an account: a report takes a request for its message, which its client sends again where it
is refused, and a post for its answer.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alerta_utec.client.actions import Timing
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.subprotocol import Subprotocol
from benchmarks.aws_broadcast import Row, broadcast, http, poster, summed
from benchmarks.aws_processes import (
    LATENCY_S,
    Gateway,
    LineProcess,
    gateway,
    on_clients_core,
    workers,
)
from benchmarks.goals import Goal
from benchmarks.machine import machine
from benchmarks.options import Options, Steps
from benchmarks.tables import figure, table

CLIENTS = 10_000
QUICK_CLIENTS = 1_000
# A batch of the stream, as serverless.yml has it. In a message a change it takes 25 times as long.
CHANGES = 25
APART_MAX = 1_000
# serverless.yml, maximumConcurrency of fanout for an account with 100 Lambdas or more.
CONCURRENCY = 5
# A tenth of an account's, which these processes can exceed.
QUOTA = {"rate": 1_000, "burst": 500}
BETWEEN_S = 0.05
REPORTER = "reporter="
ACK = '{"type":"ack"}'


def run(options: Options) -> dict[str, Any]:
    """Measure batches, then broadcasts with reports meanwhile, in turns."""
    clients = max(options.clients or [QUICK_CLIENTS if options.quick else CLIENTS])
    rounds = 1 if options.quick else options.rounds
    about = machine()
    steps = Steps(options.say, rounds * 2)
    with on_clients_core(), workers(CONCURRENCY) as crew, gateway() as free:
        broadcast(free, crew, clients)  # opens the connections
        batches = list(_batches(steps, free, crew, rounds, clients, options))
        with gateway(**QUOTA) as bounded:
            reports = list(_reports(steps, bounded, crew, rounds, clients))
    figures = ["seconds", "throttled", "left", "reports", "report_p50_s", "report_max_s"]
    return {
        "machine": about,
        "options": {
            "latency_s": LATENCY_S,
            "concurrency": CONCURRENCY,
            "changes": CHANGES,
            "quota": QUOTA,
            "quick": options.quick,
        },
        "summary": {
            "batches": summed(batches, ["subprotocol", "clients"], ["seconds", "requests"]),
            "reports": summed(reports, ["pace", "clients"], figures),
        },
        "batches": batches,
        "reports": reports,
    }


def report(result: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return the sections of ``docs/performance.md``."""
    del folder
    return {"aws-batches": _batch_table(result), "aws-reports": _report_table(result)}


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return the goals: one post each, and reports that go through."""
    (batch,) = (row for row in result["summary"]["batches"] if row["subprotocol"])
    (paced,) = (row for row in result["summary"]["reports"] if row["pace"])
    clients, posts = batch["clients"], batch["requests"]["max"]
    slowest_s = paced["report_max_s"]["median"]
    return [
        Goal(
            f"AWS: posts for {result['options']['changes']} changes to {clients:,} clients",
            f"{clients:,}",
            f"{posts:,.0f}",
            posts == clients,
        ),
        Goal(
            f"AWS: slowest report while {paced['clients']:,} clients are told",
            "< 1 s",
            f"{slowest_s:.2f} s",
            slowest_s < 1,
        ),
    ]


class Reporter:
    """A client that reports every 50 ms while ``during`` runs; ``seconds``: how long each took."""

    def __init__(self, url: str) -> None:
        self._http, self._poster = http(url, 1), poster(url, 1)
        self.seconds: list[float] = []

    def during(self, work: Callable[[], float]) -> float:
        """Report while ``work`` runs, and return its result."""
        ended = threading.Event()
        reporting = threading.Thread(target=self._report_until, args=(ended,))
        reporting.start()
        try:
            return work()
        finally:
            ended.set()
            reporting.join()
            self._http.close()

    def _report_until(self, ended: threading.Event) -> None:
        while not ended.wait(BETWEEN_S):
            began_s = time.perf_counter()
            self._send()
            self._poster.post([REPORTER], ACK)
            self.seconds.append(time.perf_counter() - began_s)

    def _send(self) -> None:
        """Send the message, again and again while it is refused, as the Python client does."""
        with self._http.channel(self._http.signer()) as channel:
            for refused in itertools.count():
                if channel.request("POST", REPORTER).status != 429:
                    return
                time.sleep(delay_s(refused, base_s=Timing().first_delay_s, cap_s=30, jitter=1))


def _batches(
    steps: Steps,
    stub: Gateway,
    crew: Sequence[LineProcess],
    rounds: int,
    clients: int,
    options: Options,
) -> Iterator[Row]:
    """Measure a batch of the stream, in one message for each client and in one a change."""
    apart = min(options.clients or [clients]) if options.quick else min(clients, APART_MAX)
    for number in range(1, rounds + 1):
        steps.next(f"a batch of changes, round {number}")
        for subprotocol, size in ((Subprotocol.V2, clients), (None, apart)):
            found = broadcast(stub, crew, size, changes=CHANGES, subprotocol=subprotocol)
            yield {"round": number, "subprotocol": subprotocol, **found}


def _reports(
    steps: Steps, stub: Gateway, crew: Sequence[LineProcess], rounds: int, clients: int
) -> Iterator[Row]:
    """Measure reports while all clients are told, with and without the pace."""
    for number in range(1, rounds + 1):
        steps.next(f"reports meanwhile, round {number}")
        for quota in (QUOTA["rate"], None):
            reporter = Reporter(stub.url)
            found = broadcast(stub, crew, clients, quota=quota, during=reporter.during)
            took_s = sorted(reporter.seconds) or [0.0]
            yield {
                "round": number,
                "pace": quota is not None,
                "reports": len(reporter.seconds),
                "report_p50_s": took_s[len(took_s) // 2],
                "report_max_s": took_s[-1],
                **found,
            }


def _batch_table(result: dict[str, Any]) -> str:
    rows = [
        [
            "in one message" if row["subprotocol"] else "in a message for each change",
            f"{row['clients']:,}",
            figure(row["requests"]),
            figure(row["seconds"], 2),
        ]
        for row in result["summary"]["batches"]
    ]
    changes = result["options"]["changes"]
    return table([f"{changes} changes at once", "clients", "posts", "seconds"], rows)


def _report_table(result: dict[str, Any]) -> str:
    rows = [
        [
            "at the pace" if row["pace"] else "without it",
            figure(row["seconds"], 1),
            figure(row["throttled"], 0, 100),
            figure(row["left"]),
            figure(row["reports"]),
            figure(row["report_p50_s"], 2),
            figure(row["report_max_s"], 2),
        ]
        for row in result["summary"]["reports"]
    ]
    heads = ["a broadcast to all", "seconds", "refused with 429, %", "clients to be tried again"]
    return table([*heads, "reports", "a report, s", "the slowest, s"], rows)
