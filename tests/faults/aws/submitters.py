"""Many clients in one process, each with a socket of its own, that submit at one moment.

``python -m tests.faults.aws.submitters URL NAME COUNT``: opens the sockets, says ``ready``, and
on a line of input submits one incident through each, again with its key until there is an ack;
then prints the acks as one line of JSON.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.incidents import incident
from tests.support.wsclient import NotReceived, WsClient

GIVE_UP_S = 90.0
ANSWER_S = 30.0


def opened(url: str) -> WsClient:
    """Open a socket, with as many attempts as necessary."""
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        try:
            return WsClient(url)
        except (InvalidStatus, OSError):
            if time.monotonic() > deadline:
                raise


def submit(client: WsClient, url: str, name: str) -> dict[str, Any]:
    """Submit one incident and return its ack; open a new socket if one fails."""
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        try:
            answer = client.request(
                {"action": "notify", "incident": incident(location=name), "idempotencyKey": name},
                ANSWER_S,
            )
            if answer["type"] == "ack":
                return answer
        except (NotReceived, ConnectionClosed):
            client.close()
            client = opened(url)
        if time.monotonic() > deadline:
            raise TimeoutError(f"no ack for {name}")


def main(url: str, name: str, count: int) -> None:
    """Submit ``count`` incidents at once."""
    clients = [opened(url) for _ in range(count)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    together = threading.Barrier(count, timeout=GIVE_UP_S)

    def one(number: int) -> dict[str, Any]:
        together.wait()
        return submit(clients[number], url, f"{name}-{number}")

    with ThreadPoolExecutor(count) as pool:
        acks = list(pool.map(one, range(count)))
    sys.stdout.write(json.dumps(acks) + "\n")
    sys.stdout.flush()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(WsClient.close, clients))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
