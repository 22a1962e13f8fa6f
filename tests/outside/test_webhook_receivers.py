"""Receivers of webhooks on Express and Fastify, which parse JSON as these do by default."""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec
from alerta_utec.webhooks.model import Secret
from tests.conftest import ServeFactory
from tests.support.incidents import incident

FRAMEWORKS = ("express", "fastify")
# The first start reads some hundred modules.
PATIENCE_S = 60.0
SECRET = Secret.new().value


class Receivers:
    """The receivers, in one process of Node.js."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "receivers.mjs"],
            cwd=Path(__file__).parent,
            env={**os.environ, "WEBHOOK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.ports = self.next()

    def next(self) -> dict[str, Any]:
        """Wait for the next line that the process prints and return it."""
        return self._lines.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(json.loads(line))


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    running = Receivers()
    yield running
    running.close()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_change_arrives_parsed_and_with_a_valid_signature(
    serve: ServeFactory, receivers: Receivers, framework: str
) -> None:
    server = serve(options=("--webhook-allow-private",))
    url = f"http://127.0.0.1:{receivers.ports[framework]}/alertas"
    with AlertaUtec(server.http_url) as alerta:
        webhook_id = alerta.webhooks.add(url, secret=SECRET)["webhookId"]

        tested = alerta.webhooks.test(webhook_id)
        test_event = receivers.next()
        reported = alerta.notify(incident(description="Sale humo ☂ — ñandú"))
        event = receivers.next()

    assert (tested["ok"], tested["status"]) == (True, 204)
    assert test_event["body"]["data"] == {"webhookId": webhook_id}
    assert event["framework"] == framework
    assert event["contentType"] == "application/json"
    assert event["verified"] is True
    assert event["body"]["data"]["incident"]["incidentId"] == reported.incident_id
    assert event["body"]["data"]["incident"]["description"] == "Sale humo ☂ — ñandú"


def test_strict_cloudevents_are_what_these_parsers_do_not_read(
    serve: ServeFactory, receivers: Receivers
) -> None:
    server = serve(options=("--webhook-allow-private",))
    with AlertaUtec(server.http_url) as alerta:
        added = [
            alerta.webhooks.add(
                f"http://127.0.0.1:{receivers.ports[framework]}/alertas",
                secret=SECRET,
                format="cloudevents",
            )
            for framework in FRAMEWORKS
        ]

        express, fastify = (alerta.webhooks.test(one["webhookId"]) for one in added)

    assert (express["status"], receivers.next()["body"]) == (204, None)
    assert fastify["status"] == 415
