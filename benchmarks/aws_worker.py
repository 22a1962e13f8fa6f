"""A process that posts to a stand-in for ``@connections``, as a Lambda or as boto3 does.

``python -m benchmarks.aws_worker`` answers each line of JSON on its standard input with one, and
ends with it. It sends shards with the code of the function ``fanout``, except for the queue and
the tables.
"""

import json
import resource
import ssl
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.fan_out import SendShard
from alerta_utec.domain.change import Change
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries

REGION = "us-east-1"
# The length of a role's session token, which is signed and sent with every request.
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "s" * 40, "t" * 800)
FRAME = "x" * 440
Command = Mapping[str, Any]


def poster(url: str, threads: int, pem: str | None = None) -> ConnectionsApiPoster:
    """Return the service's own poster for ``url``."""
    tls = ssl.create_default_context(cafile=pem) if pem else None
    http = ConnectionsHttp(
        ApiAddress(url, tls),
        lambda: KEYS,
        region=REGION,
        keep=threads,
        connect_timeout_s=2.0,
        read_timeout_s=5.0,
    )
    return ConnectionsApiPoster(http, threads)


class OneChange:
    """A ``ChangeFeed`` that contains only the change being sent."""

    change: Change

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        """Return the change."""
        return [self.change]


class Worker:
    """The commands of a line, at the ``url`` that it names (with ``pem``, through TLS)."""

    def __init__(self) -> None:
        self._feed = OneChange()
        self._poster = cache(poster)
        self._client = cache(_boto3)

    def post(self, command: Command) -> dict[str, Any]:
        """Make ``count`` posts by ``client``; return their duration and the CPU time of each."""
        ids = [f"{number:015}=" for number in range(command["count"])]
        run = self._clients[command["client"]]
        run(command, ids[: command["threads"]])  # opens the connections
        began = time.perf_counter(), _cpu_s()
        delivered = run(command, ids)
        seconds, cpu_s = time.perf_counter() - began[0], _cpu_s() - began[1]
        return {"seconds": seconds, "cpu_ms": cpu_s / len(ids) * 1000, "delivered": delivered}

    def shard(self, command: Command) -> dict[str, Any]:
        """Send a shard of the change ``image`` with ``threads`` concurrent posts."""
        self._feed.change = change_from_image(command["image"])
        sockets = self._poster(command["url"], command["threads"])
        connections = FakeConnections(ManualClock(datetime.now(UTC)))
        shards = SendShard(self._feed, connections, sockets, FakeDeliveries(), SystemClock())
        shards.send(shard_of(command["body"]))
        return {}

    @property
    def _clients(self) -> Mapping[str, Callable[[Command, Sequence[str]], int]]:
        return {"alerta": self._alerta, "boto3": self._threaded, "loop": self._loop}

    def _alerta(self, command: Command, ids: Sequence[str]) -> int:
        sockets = self._poster(command["url"], command["threads"], command.get("pem"))
        return sockets.post(ids, FRAME).delivered

    def _threaded(self, command: Command, ids: Sequence[str]) -> int:
        client = self._client(command["url"], command["threads"], command.get("pem"))
        with ThreadPoolExecutor(command["threads"]) as pool:
            return sum(pool.map(lambda name: _posted(client, name), ids))

    def _loop(self, command: Command, ids: Sequence[str]) -> int:
        client = self._client(command["url"], command["threads"], command.get("pem"))
        return sum(_posted(client, name) for name in ids)


def _boto3(url: str, threads: int, pem: str | None = None) -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
        verify=pem,
        config=Config(
            max_pool_connections=threads, retries={"mode": "standard", "total_max_attempts": 1}
        ),
    )


def _posted(client: Any, name: str) -> bool:
    answer = client.post_to_connection(ConnectionId=name, Data=FRAME.encode())
    return bool(answer["ResponseMetadata"]["HTTPStatusCode"] == 200)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Answer every line."""
    worker = Worker()
    do: Mapping[str, Callable[[Command], dict[str, Any]]] = {
        "post": worker.post,
        "shard": worker.shard,
    }
    for line in sys.stdin:
        command = json.loads(line)
        sys.stdout.write(json.dumps(do[command["do"]](command)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
