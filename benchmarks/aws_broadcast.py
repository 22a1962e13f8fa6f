"""A broadcast as the functions ``broadcast`` and ``fanout`` make it, but for SQS and the tables."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zlib import crc32

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.pace import share_of, unlimited
from alerta_utec.adapters.aws.connections_api.poster import THREADS, ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.adapters.aws.dynamodb.items import change_item
from alerta_utec.adapters.aws.sqs.shards import shard_message
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.send_shard import SendShard
from alerta_utec.app.sessions import expires_at
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Report
from alerta_utec.domain.shard import Shard
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.ports.broadcast import ShardQueue
from alerta_utec.ports.connections import Connection
from benchmarks.aws_processes import Gateway, LineProcess
from benchmarks.stats import groups, spread
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.support.temporary_store import TemporaryStore

REGION = "us-east-1"
Row = dict[str, Any]
# Runs a broadcast while something else happens, and returns its result.
During = Callable[[Callable[[], float]], float]
# The length of a role's session token, which is signed and sent with every request.
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "s" * 40, "t" * 800)


class StoredConnections(FakeConnections):
    """Connections of clients with this subprotocol, whose shards are divided only once."""

    def __init__(self, clients: int, subprotocol: Subprotocol | None) -> None:
        now = datetime.now(UTC)
        super().__init__(ManualClock(now))
        for number in range(clients):
            name = f"{number:015}="
            self.save(Connection(name, now, expires_at(now), subprotocol=subprotocol))
        self._divided: dict[int, list[list[Connection]]] = {}

    def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
        """Yield the shard as one page."""
        if of not in self._divided:
            shards: list[list[Connection]] = [[] for _ in range(of)]
            for page in super().pages():
                for one in page:
                    shards[crc32(one.connection_id.encode()) % of].append(one)
            self._divided[of] = shards
        yield self._divided[of][number - 1]


class FedChanges:
    """A ``ChangeFeed`` of these changes."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        """Return the changes after ``after_seq``."""
        return [one for one in self._changes if one.after.seq > after_seq][:limit]


class LeftQueue:
    """A ``ShardQueue`` that counts the connections which are to be tried again later."""

    def __init__(self) -> None:
        self.left = 0

    def put(self, shards: Sequence[Shard], *, delay_s: int = 0) -> None:
        """Count the connections of the shards, which must be remainders."""
        if not delay_s:
            raise ValueError("no remainder")
        self.left += sum(len(shard.missed) for shard in shards)


class WorkerShardQueue(LeftQueue):
    """A ``ShardQueue`` that sends its shards at once, each by the next free worker."""

    def __init__(self, crew: Sequence[LineProcess], **command: Any) -> None:
        super().__init__()
        self._crew, self._command = crew, command

    def put(self, shards: Sequence[Shard], *, delay_s: int = 0) -> None:
        """Send the shards, and return when all are sent; count those to be tried later."""
        if delay_s:
            super().put(shards, delay_s=delay_s)
            return
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
            self.left += worker.ask(do="shard", body=body, **self._command)["left"]


@cache
def poster(
    url: str, threads: int, *, quota: int | None = None, workers: int = 1
) -> ConnectionsApiPoster:
    """Return the service's own poster; with a ``quota``, at the pace of one of the workers."""
    pace = unlimited() if quota is None else share_of(quota, workers)
    return ConnectionsApiPoster(http(url, threads), threads, pace)


def http(url: str, keep: int, tls: Any = None) -> ConnectionsHttp:
    """Return ``@connections`` at the stand-in."""
    return ConnectionsHttp(
        ApiAddress(url, tls),
        lambda: KEYS,
        region=REGION,
        keep=keep,
        connect_timeout_s=2.0,
        read_timeout_s=5.0,
    )


@cache
def stored(clients: int, subprotocol: Subprotocol | None) -> StoredConnections:
    """Return the connections of so many clients."""
    return StoredConnections(clients, subprotocol)


def sender(
    changes: Sequence[Change],
    connections: StoredConnections,
    sockets: ConnectionsApiPoster,
    queue: ShardQueue,
) -> SendShard:
    """Return the use case behind both functions."""
    feed, records = FedChanges(changes), FakeDeliveries()
    return SendShard(feed, connections, sockets, queue, records, SystemClock())


def broadcast(
    stub: Gateway,
    crew: Sequence[LineProcess],
    clients: int,
    *,
    threads: int = THREADS,
    changes: int = 1,
    subprotocol: Subprotocol | None = None,
    quota: int | None = None,
    during: During | None = None,
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

    def run() -> float:
        began_s = time.perf_counter()
        fan_out.broadcast(committed)
        return time.perf_counter() - began_s

    stub.said()
    seconds = run() if during is None else during(run)
    found = {"clients": clients, "changes": changes, "seconds": seconds, "left": queue.left}
    return found | said(stub)


def _changes(count: int) -> Sequence[Change]:
    report = Report.parse({"type": "fuga", "location": "Laboratorio 3", "urgency": "high"})
    with TemporaryStore() as store:
        submit = Submit(store.incidents, SystemClock())
        return [submit.notify(report).change for _ in range(count)]


def said(stub: Gateway) -> Row:
    """Return what the stand-in has counted since it was last asked."""
    said = stub.said()
    return {
        "requests": said["requests"],
        "gateway_idle": 1 - said["cpu"],
        "throttled": said["throttled"] / max(1, said["requests"]),
    }


def summed(rows: Sequence[Row], keys: Sequence[str], figures: Sequence[str]) -> list[Row]:
    """Return the spread of each figure over the rounds, by the keys."""
    return [
        dict(zip(keys, key, strict=True))
        | {name: spread(row[name] for row in own) for name in figures}
        for key, own in groups(rows, *keys).items()
    ]
