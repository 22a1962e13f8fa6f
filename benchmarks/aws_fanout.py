"""How fast the AWS deployment reaches N clients through ``@connections``, beside boto3.

Against a stand-in that answers after 10 ms: posts a second and CPU of each client, and the time
until all of 100 to 10,000 connections have the frame. The service's own code runs, from reading
the connections to the last post; the times of SQS, Lambda and the tables are not included.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from alerta_utec.adapters.aws.connections_api.poster import THREADS
from alerta_utec.adapters.aws.dynamodb.items import change_item
from alerta_utec.adapters.aws.sqs.shards import shard_message
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.broadcast import Broadcast
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import expires_at
from alerta_utec.app.submit import Submit
from alerta_utec.domain.incident import Report
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.connections import Connection
from benchmarks.aws_fanout_report import floor_s, goals, report
from benchmarks.aws_processes import LATENCY_S, Gateway, LineProcess, certificate, gateway, workers
from benchmarks.aws_worker import poster
from benchmarks.machine import cores, machine
from benchmarks.options import Options, Steps
from benchmarks.stats import groups, spread
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
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
CHOICES = [(count, threads) for count in (2, 5, 10) for threads in (16, 32, 64)]
Row = dict[str, Any]


def run(options: Options) -> dict[str, Any]:
    """Measure the clients, then broadcasts to each number of connections, in turns."""
    sizes = options.clients or (QUICK_SIZES if options.quick else SIZES)
    rounds = 1 if options.quick else options.rounds
    choices = [(CONCURRENCY, THREADS)] if options.quick else CHOICES
    about = machine()
    steps = Steps(options.say, 1 + rounds * 2 + len(choices))
    steps.next("processes that stand for Lambdas")
    with _on_clients_core(), workers(max(count for count, _ in choices)) as crew:
        clients = list(_clients(steps, crew[0], rounds, cut=10 if options.quick else 1))
        with gateway() as free, gateway(**QUOTA) as bounded:
            crews = free, bounded, crew[:CONCURRENCY]
            broadcasts = list(_broadcasts(steps, *crews, rounds, sizes))
            choosing = list(_choosing(steps, bounded, crew, choices, max(sizes), min(3, rounds)))
    return {
        "machine": about,
        "options": {
            "latency_s": LATENCY_S,
            "threads": THREADS,
            "concurrency": CONCURRENCY,
            "quota": QUOTA,
            "quick": options.quick,
        },
        "summary": {
            "clients": _summed(
                clients, ["client", "tls"], ["posts_per_s", "cpu_ms", "gateway_idle"]
            ),
            "broadcasts": _summed(broadcasts, ["how", "clients"], ["seconds", "gateway_idle"]),
            "choices": _summed(choosing, ["concurrency", "threads"], ["seconds", "throttled"]),
        },
        "clients": clients,
        "broadcasts": broadcasts,
        "choices": choosing,
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
        _broadcast(stub, crew, max(sizes), THREADS)  # opens the connections
    for number in range(1, rounds + 1):
        steps.next(f"broadcasts, round {number}")
        for size in sizes:
            for how, stub in (("alerta", free), ("alerta-quota", bounded)):
                yield {"round": number, "how": how, **_broadcast(stub, crew, size, THREADS)}
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
    _broadcast(stub, crew, size, THREADS)
    for count, threads in choices:
        steps.next(f"{count} Lambdas, {threads} posts at once in each")
        for number in range(1, rounds + 1):
            found = _broadcast(stub, crew[:count], size, threads)
            yield {"round": number, "concurrency": count, "threads": threads, **found}


def _said(stub: Gateway) -> Row:
    said = stub.said()
    return {
        "requests": said["requests"],
        "gateway_idle": 1 - said["cpu"],
        "throttled": said["throttled"] / max(1, said["requests"]),
    }


class WorkerShardQueue:
    """A ``ShardQueue`` that sends its shards at once, each by the next free worker."""

    def __init__(self, crew: Sequence[LineProcess], **command: Any) -> None:
        self._crew, self._command = crew, command

    def put(self, shards: Sequence[Shard]) -> None:
        """Send the shards, and return when all are sent."""
        left = deque(shard_message(shard) for shard in shards)
        senders = [threading.Thread(target=self._send, args=(one, left)) for one in self._crew]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def _send(self, worker: LineProcess, left: deque[str]) -> None:
        while True:
            try:
                body = left.popleft()
            except IndexError:
                return
            worker.ask(do="shard", body=body, **self._command)


_poster = cache(poster)


def _broadcast(stub: Gateway, crew: Sequence[LineProcess], size: int, threads: int) -> Row:
    """Broadcast one incident to ``size`` connections, as the function ``broadcast`` does."""
    clock = SystemClock()
    report = Report.parse({"type": "fuga", "location": "Laboratorio 3", "urgency": "high"})
    with TemporaryStore() as store:
        change = Submit(store.incidents, clock).notify(report).change
    if change.position is None:
        raise ValueError("not committed")
    image = change_item(change, change.position, feed="main", commit_id="c")
    now = clock.now()
    connections = FakeConnections(ManualClock(now))
    for number in range(size):
        connections.save(Connection(f"{number:015}=", now, expires_at(now)))
    records = FakeDeliveries()
    broadcast = Broadcast(connections, _poster(stub.url, threads), clock, Recorder(records))
    queue = WorkerShardQueue(crew, url=stub.url, threads=threads, image=image)
    fan_out = FanOut(broadcast, queue, records, clock)
    stub.said()
    began_s = time.perf_counter()
    fan_out.broadcast(change)
    seconds = time.perf_counter() - began_s
    return {"clients": size, "seconds": seconds, **_said(stub)}


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
