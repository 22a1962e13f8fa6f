"""How fast the AWS deployment reaches N clients through ``@connections``, beside boto3.

Against a stand-in that answers after 10 ms: posts a second and CPU of each client, and the time
until all of 100 to 10,000 connections have the frame. The service's own code runs, from reading
the connections to the last post; the times of SQS, Lambda and the tables are not included.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alerta_utec.adapters.aws.connections_api.poster import THREADS
from alerta_utec.adapters.aws.dynamodb.items import change_item
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Report
from alerta_utec.domain.subprotocol import Subprotocol
from benchmarks.aws_broadcast import WorkerShardQueue, poster, sender, stored
from benchmarks.aws_fanout_report import floor_s, goals, report
from benchmarks.aws_processes import LATENCY_S, Gateway, LineProcess, certificate, gateway, workers
from benchmarks.aws_reports import SMALL_QUOTA, Reporter
from benchmarks.machine import cores, machine
from benchmarks.options import Options, Steps
from benchmarks.stats import groups, spread
from tests.support.temporary_store import TemporaryStore

__all__ = ["floor_s", "goals", "report", "run"]

SIZES = (100, 1_000, 10_000)
QUICK_SIZES = (100, 1_000)
# serverless.yml, maximumConcurrency of fanout.
CONCURRENCY = 5
# API Gateway's quota for an account and region.
QUOTA = {"rate": 10_000, "burst": 5_000}
# Posts in one measurement of a client; a loop of single posts takes 12 ms each.
POSTS = {"alerta": 4_000, "boto3": 800, "loop": 50}
LOOP_MAX = 1_000
# A batch of the stream, as serverless.yml has it; without alerta.v2 it takes 25 times as long.
CHANGES = 25
APART_MAX = 1_000
CHOICES = [(count, threads) for count in (2, 5, 10) for threads in (16, 32, 64)]
Row = dict[str, Any]


def run(options: Options) -> dict[str, Any]:
    """Measure the clients, then broadcasts to each number of connections, in turns."""
    sizes = options.clients or (QUICK_SIZES if options.quick else SIZES)
    rounds = 1 if options.quick else options.rounds
    choices = [(CONCURRENCY, THREADS)] if options.quick else CHOICES
    about = machine()
    steps = Steps(options.say, 1 + rounds * 4 + len(choices))
    steps.next("processes that stand for Lambdas")
    with _on_clients_core(), workers(max(count for count, _ in choices)) as crew:
        clients = list(_clients(steps, crew[0], rounds, cut=10 if options.quick else 1))
        few = crew[:CONCURRENCY]
        with gateway() as free, gateway(**QUOTA) as bounded, gateway(**SMALL_QUOTA) as small:
            broadcasts = list(_broadcasts(steps, free, bounded, few, rounds, sizes))
            choosing = list(_choosing(steps, bounded, crew, choices, max(sizes), min(3, rounds)))
            batches = list(
                _batches(steps, free, few, rounds, sizes[: 1 if options.quick else None])
            )
            reports = list(_reports(steps, small, few, rounds, max(sizes)))
    return {
        "machine": about,
        "options": {
            "latency_s": LATENCY_S,
            "threads": THREADS,
            "concurrency": CONCURRENCY,
            "quota": QUOTA,
            "small_quota": SMALL_QUOTA,
            "changes": CHANGES,
            "quick": options.quick,
        },
        "summary": {
            "clients": _summed(
                clients, ["client", "tls"], ["posts_per_s", "cpu_ms", "gateway_idle"]
            ),
            "broadcasts": _summed(broadcasts, ["how", "clients"], ["seconds", "gateway_idle"]),
            "choices": _summed(choosing, ["concurrency", "threads"], ["seconds", "throttled"]),
            "batches": _summed(batches, ["subprotocol", "clients"], ["seconds", "requests"]),
            "reports": _summed(
                reports, ["pace"], ["seconds", "throttled", "report_p50_s", "report_max_s"]
            ),
        },
        "clients": clients,
        "broadcasts": broadcasts,
        "choices": choosing,
        "batches": batches,
        "reports": reports,
    }


def _clients(steps: Steps, worker: LineProcess, rounds: int, *, cut: int) -> Iterator[Row]:
    """Measure posts a second and CPU of each client, plain and through TLS."""
    with certificate() as pem, gateway() as plain, gateway(pem=pem) as secure:
        for number in range(1, rounds + 1):
            steps.next(f"clients, round {number}")
            for client, whole in POSTS.items():
                for stub, tls in ((plain, None), (secure, pem)):
                    count = max(whole // cut, 20)
                    yield {"round": number, **_posts(worker, stub, client, count, tls)}


def _posts(
    worker: LineProcess, stub: Gateway, client: str, count: int, pem: str | None = None
) -> Row:
    at = {"url": stub.url, "threads": THREADS, "pem": pem}
    stub.said()
    found = worker.ask(do="post", client=client, count=count, **at)
    return {
        "client": client,
        "tls": pem is not None,
        "posts": count,
        "posts_per_s": count / found["seconds"],
        **found,
        **_said(stub),
    }


def _broadcasts(
    steps: Steps,
    free: Gateway,
    bounded: Gateway,
    crew: Sequence[LineProcess],
    rounds: int,
    sizes: Sequence[int],
) -> Iterator[Row]:
    """Measure broadcasts: the service's with and without the account's quota, and boto3's."""
    for stub in (free, bounded):
        _broadcast(stub, crew, max(sizes))  # opens the connections
    for number in range(1, rounds + 1):
        steps.next(f"broadcasts, round {number}")
        for size in sizes:
            yield {"round": number, "how": "alerta", **_broadcast(free, crew, size)}
            paced = _broadcast(bounded, crew, size, quota=QUOTA["rate"])
            yield {"round": number, "how": "alerta-quota", **paced}
            for how, most in (("boto3", max(sizes)), ("loop", LOOP_MAX)):
                # Long measurements vary little: one round suffices.
                if size <= most and (number == 1 or size < LOOP_MAX):
                    found = _posts(crew[0], free, how, size)
                    yield {"round": number, "how": how, "clients": size, **found}


def _choosing(
    steps: Steps,
    stub: Gateway,
    crew: Sequence[LineProcess],
    choices: Sequence[tuple[int, int]],
    size: int,
    rounds: int,
) -> Iterator[Row]:
    """Measure under the quota with other numbers of Lambdas and of concurrent posts."""
    _broadcast(stub, crew, size)
    for count, threads in choices:
        steps.next(f"{count} Lambdas, {threads} posts at once in each")
        for number in range(1, rounds + 1):
            own = crew[:count]
            found = _broadcast(stub, own, size, threads=threads, quota=QUOTA["rate"])
            yield {"round": number, "concurrency": count, "threads": threads, **found}


def _batches(
    steps: Steps, stub: Gateway, crew: Sequence[LineProcess], rounds: int, sizes: Sequence[int]
) -> Iterator[Row]:
    """Measure a batch of the stream: in one message for each client, and in one for each change."""
    for number in range(1, rounds + 1):
        steps.next(f"a batch of changes, round {number}")
        for subprotocol, most in ((Subprotocol.V2, max(sizes)), (None, APART_MAX)):
            size = max(one for one in sizes if one <= most)
            found = _broadcast(stub, crew, size, changes=CHANGES, subprotocol=subprotocol)
            yield {"round": number, "subprotocol": subprotocol, **found}


def _reports(
    steps: Steps, stub: Gateway, crew: Sequence[LineProcess], rounds: int, size: int
) -> Iterator[Row]:
    """Measure reports while all clients are told, with and without the pace."""
    for number in range(1, rounds + 1):
        steps.next(f"reports meanwhile, round {number}")
        for quota in (SMALL_QUOTA["rate"], None):
            reporter = Reporter(stub.url)
            found = _broadcast(stub, crew, size, quota=quota, reporter=reporter)
            took_s = sorted(reporter.seconds) or [0.0]
            yield {
                "round": number,
                "pace": quota is not None,
                "reports": len(took_s),
                "report_p50_s": took_s[len(took_s) // 2],
                "report_max_s": took_s[-1],
                **found,
            }


def _said(stub: Gateway) -> Row:
    said = stub.said()
    return {
        "requests": said["requests"],
        "gateway_idle": 1 - said["cpu"],
        "throttled": said["throttled"] / max(1, said["requests"]),
    }


def _broadcast(
    stub: Gateway,
    crew: Sequence[LineProcess],
    clients: int,
    *,
    threads: int = THREADS,
    changes: int = 1,
    subprotocol: Subprotocol | None = None,
    quota: int | None = None,
    reporter: Reporter | None = None,
) -> Row:
    """Broadcast changes to so many connections; with a ``quota``, at the pace for it."""
    committed = _changes(changes)
    command: dict[str, Any] = {"url": stub.url, "threads": threads, "quota": quota}
    command |= {"workers": len(crew), "clients": clients, "subprotocol": subprotocol}
    images = [
        change_item(one, one.position, feed="main", commit_id="c")
        for one in committed
        if one.position is not None
    ]
    queue = WorkerShardQueue(crew, images=images, **command)
    sockets = poster(stub.url, threads, quota=quota)
    fan_out = FanOut(sender(committed, stored(clients, subprotocol), sockets, queue))
    stub.said()
    began_s = time.perf_counter()
    if reporter is None:
        fan_out.broadcast(committed)
    else:
        reporter.during(lambda: fan_out.broadcast(committed))
    seconds = time.perf_counter() - began_s
    return {"clients": clients, "changes": changes, "seconds": seconds, **_said(stub)}


def _changes(count: int) -> Sequence[Change]:
    report = Report.parse({"type": "fuga", "location": "Laboratorio 3", "urgency": "high"})
    with TemporaryStore() as store:
        submit = Submit(store.incidents, SystemClock())
        return [submit.notify(report).change for _ in range(count)]


def _summed(rows: Sequence[Row], keys: Sequence[str], figures: Sequence[str]) -> list[Row]:
    return [
        dict(zip(keys, key, strict=True))
        | {name: spread(row[name] for row in own) for name in figures}
        for key, own in groups(rows, *keys).items()
    ]


@contextmanager
def _on_clients_core() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores()[1]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
