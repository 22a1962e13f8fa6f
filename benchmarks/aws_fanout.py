"""How fast the AWS deployment reaches N clients through ``@connections``, beside boto3.

Against a stand-in that answers after 10 ms: posts a second and CPU of each client, and the time
until all of 100 to 10,000 connections have the frame. The service's own code runs, from reading
the connections to the last post; the times of SQS, Lambda and the tables are not included.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from alerta_utec.adapters.aws.connections_api.poster import THREADS
from benchmarks.aws_broadcast import Row, broadcast, said, summed
from benchmarks.aws_fanout_report import floor_s, goals, report
from benchmarks.aws_processes import (
    LATENCY_S,
    Gateway,
    LineProcess,
    certificate,
    gateway,
    on_clients_core,
    workers,
)
from benchmarks.machine import machine
from benchmarks.options import Options, Steps

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


def run(options: Options) -> dict[str, Any]:
    """Measure the clients, then broadcasts to each number of connections, in turns."""
    sizes = options.clients or (QUICK_SIZES if options.quick else SIZES)
    rounds = 1 if options.quick else options.rounds
    choices = [(CONCURRENCY, THREADS)] if options.quick else CHOICES
    about = machine()
    steps = Steps(options.say, 1 + rounds * 2 + len(choices))
    steps.next("processes that stand for Lambdas")
    with on_clients_core(), workers(max(count for count, _ in choices)) as crew:
        clients = list(_clients(steps, crew[0], rounds, cut=10 if options.quick else 1))
        few = crew[:CONCURRENCY]
        with gateway() as free, gateway(**QUOTA) as bounded:
            broadcasts = list(_broadcasts(steps, free, bounded, few, rounds, sizes))
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
            "clients": summed(
                clients, ["client", "tls"], ["posts_per_s", "cpu_ms", "gateway_idle"]
            ),
            "broadcasts": summed(broadcasts, ["how", "clients"], ["seconds", "gateway_idle"]),
            "choices": summed(choosing, ["concurrency", "threads"], ["seconds", "throttled"]),
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
        **said(stub),
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
        broadcast(stub, crew, max(sizes))  # opens the connections
    for number in range(1, rounds + 1):
        steps.next(f"broadcasts, round {number}")
        for size in sizes:
            yield {"round": number, "how": "alerta", **broadcast(free, crew, size)}
            paced = broadcast(bounded, crew, size, quota=QUOTA["rate"])
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
    broadcast(stub, crew, size)
    for count, threads in choices:
        steps.next(f"{count} Lambdas, {threads} posts at once in each")
        for number in range(1, rounds + 1):
            own = crew[:count]
            found = broadcast(stub, own, size, threads=threads, quota=QUOTA["rate"])
            yield {"round": number, "concurrency": count, "threads": threads, **found}
