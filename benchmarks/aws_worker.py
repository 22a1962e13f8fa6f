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
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.domain.subprotocol import Subprotocol
from benchmarks.aws_broadcast import KEYS, REGION, LeftQueue, http, poster, sender, stored

FRAME = "x" * 440
Command = Mapping[str, Any]


class Worker:
    """The commands of a line, at the ``url`` that it names (with ``pem``, through TLS)."""

    def __init__(self) -> None:
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
        """Send a shard of the changes ``images`` with ``threads`` concurrent posts.

        It has a part of ``clients`` connections with this ``subprotocol``; with a ``quota``, it
        is sent at the pace of one of so many ``workers``. Return how many were not reached.
        """
        changes = [change_from_image(image) for image in command["images"]]
        offered = command["subprotocol"]
        connections = stored(command["clients"], Subprotocol(offered) if offered else None)
        sockets = poster(
            command["url"], command["threads"], quota=command["quota"], workers=command["workers"]
        )
        queue = LeftQueue()
        sender(changes, connections, sockets, queue).send(shard_of(command["body"]))
        return {"left": queue.left}

    @property
    def _clients(self) -> Mapping[str, Callable[[Command, Sequence[str]], int]]:
        return {"alerta": self._alerta, "boto3": self._threaded, "loop": self._loop}

    def _alerta(self, command: Command, ids: Sequence[str]) -> int:
        return self._sockets(command).post(ids, FRAME).delivered

    def _sockets(self, command: Command) -> ConnectionsApiPoster:
        if command.get("pem") is None:
            return poster(command["url"], command["threads"])
        return _tls_poster(command["url"], command["threads"], command["pem"])

    def _threaded(self, command: Command, ids: Sequence[str]) -> int:
        client = self._client(command["url"], command["threads"], command.get("pem"))
        with ThreadPoolExecutor(command["threads"]) as pool:
            return sum(pool.map(lambda name: _posted(client, name), ids))

    def _loop(self, command: Command, ids: Sequence[str]) -> int:
        client = self._client(command["url"], command["threads"], command.get("pem"))
        return sum(_posted(client, name) for name in ids)


@cache
def _tls_poster(url: str, threads: int, pem: str) -> ConnectionsApiPoster:
    tls = ssl.create_default_context(cafile=pem)
    return ConnectionsApiPoster(http(url, threads, tls), threads)


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
