"""Broken receivers and ``kill -9``: every change arrives in the end, at least once."""

import json
import os
import random
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.sqlite.backup import backup, restore
from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.mail_gate import MailGate
from tests.support.receiver import Received, Receiver
from tests.support.server import Server

OPTIONS = ("--webhook-allow-private",)
# 125 in ``make faults``.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20")) // 4
LOAD_S = (0.02, 0.4)


def call(server: Server, method: str, path: str, data: Any = None) -> Any:
    """Return the body of the server's response, which must be a success."""
    body = None if data is None else json.dumps(data).encode()
    answer = http_request(method, server.http_url + path, body)
    assert answer.status < 300, answer.body
    return answer.json() if answer.body else None


def add(server: Server, url: str) -> dict[str, Any]:
    webhook: dict[str, Any] = call(server, "POST", "/webhooks", {"url": url})
    return webhook


def commit(server: Server) -> str:
    """Report an incident and return its id."""
    incident_id: str = call(server, "POST", "/incidents", incident())["incidentId"]
    return incident_id


def outcome(server: Server, webhook: dict[str, Any], incident_id: str) -> dict[str, Any]:
    """Return the record of the delivery of a new incident to a webhook."""
    channel = f"webhook:{webhook['webhookId']}"
    shown = call(server, "GET", f"/incidents/{incident_id}")["deliveries"]
    found = [entry for entry in shown if entry["channel"] == channel]
    return found[0] if found else {}


def result(server: Server, webhook: dict[str, Any], incident_id: str) -> str | None:
    return outcome(server, webhook, incident_id).get("result")


def subjects(posts: Sequence[Received]) -> list[str]:
    """Return the ids of the incidents that posts are about."""
    return [json.loads(post.body)["subject"] for post in posts]


def edit(server: Server, assignments: str) -> None:
    """Change every job of the stopped server, as if time had passed."""
    with closing(sqlite3.connect(server.data / "alerta.db", isolation_level=None)) as connection:
        connection.execute(f"UPDATE webhook_jobs SET {assignments}")  # noqa: S608 (a test's own)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def gate(receiver: Receiver) -> Iterator[MailGate]:
    """Yield a gate in front of the receiver, which can refuse or hang."""
    with MailGate(int(receiver.url.rpartition(":")[2].partition("/")[0])) as standing:
        yield standing


def through(gate: MailGate) -> str:
    return f"http://127.0.0.1:{gate.port}/alertas"


@pytest.mark.timeout(120 + ROUNDS * 5)
def test_all_acknowledged_changes_arrive_in_order_despite_kills(
    serve: ServeFactory, receiver: Receiver
) -> None:
    chance = random.Random()  # noqa: S311 (moments, no secrets)
    server = serve(options=OPTIONS)
    webhook = add(server, receiver.url)

    load = Load()
    for _ in range(ROUNDS):
        load.run_and_kill(server, chance.uniform(*LOAD_S))
        server.start()
    eventually(lambda: load.acknowledged <= set(subjects(list(receiver.received))))
    assert server.stop() == 0

    posts = list(receiver.received)
    first = {post.headers["webhook-id"]: post for post in reversed(posts)}
    delivered = [first[name].event(webhook["secret"]) for name in dict.fromkeys(ids_of(posts))]
    seqs = [event["data"]["incident"]["seq"] for event in delivered]
    assert seqs == sorted(seqs)
    assert len({event["subject"] for event in delivered}) == len(delivered)
    # At least once: each kill repeats only the post that was under way.
    assert len(posts) <= len(delivered) + ROUNDS


def ids_of(posts: Sequence[Received]) -> list[str]:
    return [post.headers["webhook-id"] for post in posts]


@dataclass
class Load:
    """A client that submits incidents, one after another."""

    acknowledged: set[str] = field(default_factory=set)

    def run_and_kill(self, server: Server, after_s: float) -> None:
        """Submit until the server is killed, ``after_s`` from now."""
        killer = threading.Timer(after_s, server.kill9)
        killer.start()
        with suppress(OSError, HTTPException, ValueError):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
            with closing(connection):
                while True:
                    connection.request("POST", "/incidents", json.dumps(incident()))
                    answer = json.loads(connection.getresponse().read())
                    self.acknowledged.add(answer["incidentId"])
        killer.join()


def test_changes_made_while_the_receiver_is_down_arrive_after_a_kill(
    serve: ServeFactory, receiver: Receiver, gate: MailGate
) -> None:
    server = serve(options=OPTIONS)
    gate.fault = "refuse"
    webhook = add(server, through(gate))
    ids = [commit(server) for _ in range(3)]
    for incident_id in ids:
        eventually(lambda one=incident_id: result(server, webhook, one) == "failed")
    assert outcome(server, webhook, ids[0])["because"] == "unreachable"

    server.kill9()
    gate.fault = "none"
    server.start()

    eventually(lambda: set(subjects(list(receiver.received))) == set(ids))
    for incident_id in ids:
        eventually(lambda one=incident_id: result(server, webhook, one) == "sent")
    assert outcome(server, webhook, ids[0])["attempts"] >= 2


def test_a_post_interrupted_by_a_kill_is_repeated(
    serve: ServeFactory, receiver: Receiver, gate: MailGate
) -> None:
    server = serve(options=OPTIONS)
    gate.fault = "hang"
    webhook = add(server, through(gate))
    ids = [commit(server) for _ in range(2)]
    eventually(lambda: gate.connections == 1)

    server.kill9()
    gate.fault = "none"
    server.start()

    receiver.wait(count=2)
    assert subjects(receiver.received) == ids
    for incident_id in ids:
        eventually(lambda one=incident_id: result(server, webhook, one) == "sent")


def test_a_receiver_that_hangs_delays_neither_others_nor_the_stop(
    serve: ServeFactory, receiver: Receiver, gate: MailGate
) -> None:
    server = serve(options=OPTIONS)
    gate.fault = "hang"
    add(server, through(gate))
    add(server, receiver.url)

    ids = [commit(server) for _ in range(3)]

    assert subjects(receiver.wait(count=3)) == ids
    assert server.stop() == 0
    assert "Traceback" not in server.output


def test_a_receiver_that_answers_500_a_few_times_gets_the_same_event_again(
    serve: ServeFactory, receiver: Receiver
) -> None:
    server = serve(options=OPTIONS)
    webhook = add(server, receiver.url)
    receiver.answers = [500, 307]
    incident_id = commit(server)
    for attempts in (1, 2):
        eventually(lambda n=attempts: outcome(server, webhook, incident_id).get("attempts") == n)
        server.stop()
        edit(server, "next_try_at_us = created_at_us")
        server.start()

    posts = receiver.wait(count=3)

    eventually(lambda: result(server, webhook, incident_id) == "sent")
    assert len({post.body for post in posts}) == 1
    assert len(set(ids_of(posts))) == 1
    assert all(post.event(webhook["secret"])["subject"] == incident_id for post in posts)


def test_a_job_is_a_failure_after_the_last_attempt_and_can_be_retried(
    serve: ServeFactory, receiver: Receiver
) -> None:
    server = serve(options=OPTIONS)
    webhook = add(server, receiver.url)
    path = f"/webhooks/{webhook['webhookId']}"
    receiver.answers = [500, 503]
    incident_id = commit(server)
    eventually(lambda: result(server, webhook, incident_id) == "failed")
    server.stop()
    edit(server, "attempts = 9, next_try_at_us = created_at_us")
    server.start()
    eventually(lambda: result(server, webhook, incident_id) == "given_up")

    (failure,) = call(server, "GET", f"{path}/failures")["failures"]
    call(server, "POST", f"{path}/retry")

    assert failure["incidentId"] == incident_id
    assert (failure["reason"], failure["attempts"]) == ("HTTP 503", 10)
    assert len(subjects(receiver.wait(count=3))) == 3
    eventually(lambda: result(server, webhook, incident_id) == "sent")
    assert call(server, "GET", f"{path}/failures")["failures"] == []


def test_a_receiver_that_answers_410_is_sent_nothing_more(
    serve: ServeFactory, receiver: Receiver
) -> None:
    server = serve(options=OPTIONS)
    webhook = add(server, receiver.url)
    receiver.answers = [410]
    first = commit(server)
    eventually(lambda: result(server, webhook, first) == "given_up")
    second = commit(server)
    with Receiver() as other:
        add(server, other.url)
        third = commit(server)
        other.wait()

    assert call(server, "GET", f"/webhooks/{webhook['webhookId']}")["state"] == "gone"
    assert subjects(receiver.received) == [first]
    assert [result(server, webhook, one) for one in (second, third)] == [None, None]


def test_a_private_address_is_reached_only_if_the_option_allows_it(
    serve: ServeFactory, receiver: Receiver
) -> None:
    server = serve()
    webhook = add(server, receiver.url)

    incident_id = commit(server)

    eventually(lambda: result(server, webhook, incident_id) == "failed")
    assert outcome(server, webhook, incident_id)["because"] == "private_address"
    assert receiver.received == []


def test_webhooks_and_their_pending_jobs_survive_a_restore(
    serve: ServeFactory, receiver: Receiver, gate: MailGate, tmp_path: Path
) -> None:
    server = serve(options=OPTIONS)
    gate.fault = "refuse"
    webhook = add(server, through(gate))
    pending = commit(server)
    eventually(lambda: result(server, webhook, pending) == "failed")
    backup(server.data, tmp_path / "copia.db")
    server.stop()

    restore(server.data, tmp_path / "copia.db")
    gate.fault = "none"
    server.start()
    later = commit(server)

    eventually(lambda: set(subjects(list(receiver.received))) == {pending, later})
    assert all(post.event(webhook["secret"]) for post in receiver.received)
