"""Reports through real Lambdas: concurrent, repeated, and with a lost answer."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.aws.conftest import Mailbox
from tests.conformance.targets import http_request
from tests.faults.aws.conftest import event_source, kill
from tests.support.deployment import Deployment
from tests.support.emulator import ROOT
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import Frame, WsClient

PROCESSES = 4
CLIENTS = 50


@pytest.fixture
def listener(deployment: Deployment) -> Iterator[WsClient]:
    """Yield a client that only listens."""
    with WsClient(deployment.ws_url) as client:
        client.ping()
        yield client


def changes(deployment: Deployment, after_seq: int) -> list[dict[str, Any]]:
    """Return the items of the feed after ``after_seq``, in order."""
    pages = deployment.client("dynamodb").get_paginator("query")
    found = pages.paginate(
        TableName=deployment.outputs["ChangesTable"],
        KeyConditionExpression="feed = :feed AND seq > :seq",
        ExpressionAttributeValues={":feed": {"S": "main"}, ":seq": {"N": str(after_seq)}},
        ConsistentRead=True,
    )
    return [item for page in found for item in page["Items"]]


def position(client: WsClient) -> int:
    """Return the feed's last ``seq``."""
    return int(client.ping()["position"].rpartition(":")[2])


def test_200_clients_in_4_processes_submit_at_once_and_seq_has_no_hole_and_no_double(
    deployment: Deployment, listener: WsClient
) -> None:
    count, name = PROCESSES * CLIENTS, unique("Aula")
    before = position(listener)

    with event_source(deployment, "broadcast", Enabled=False):
        acks = _submitted_at_once(deployment, name)
    stored = changes(deployment, before)
    heard = listener.wait(lambda frame: _seq(frame) == before + count, timeout_s=60)

    seqs = list(range(before + 1, before + count + 1))
    assert sorted(ack["seq"] for ack in acks) == seqs
    assert [int(item["seq"]["N"]) for item in stored] == seqs
    assert {item["incidentId"]["S"] for item in stored} == {ack["incidentId"] for ack in acks}
    assert len({ack["incidentId"] for ack in acks}) == count
    assert heard["incident"]["revision"] == 1
    assert [_seq(frame) for frame in listener.frames if _seq(frame)] == seqs


def test_lambdas_killed_in_a_rush_lose_no_report_and_store_none_twice(
    deployment: Deployment, listener: WsClient
) -> None:
    before = position(listener)
    killed: list[int] = []

    def kill_twice() -> None:
        for _ in range(2):
            eventually(lambda: position(listener) > before + 20 * (1 + len(killed)))
            killed.append(kill(deployment, "notify"))

    with event_source(deployment, "broadcast", Enabled=False):
        killer = threading.Thread(target=kill_twice)
        killer.start()
        acks = _submitted_at_once(deployment, unique("Aula"), processes=2)
        killer.join()
    stored = changes(deployment, before)

    assert all(killed)
    assert [int(item["seq"]["N"]) for item in stored] == [
        *range(before + 1, before + 1 + 2 * CLIENTS)
    ]
    assert {item["incidentId"]["S"] for item in stored} == {ack["incidentId"] for ack in acks}
    assert len({item["keyText"]["S"] for item in stored}) == 2 * CLIENTS


def _submitted_at_once(
    deployment: Deployment, name: str, processes: int = PROCESSES
) -> list[Frame]:
    with ExitStack() as stack:
        started = []
        for number in range(processes):
            command = ["tests.faults.aws.submitters", deployment.ws_url, f"{name}-{number}"]
            process = subprocess.Popen(
                [sys.executable, "-m", *command, str(CLIENTS)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for process in started if process.stdout]
        return [ack for acks in answers for ack in acks]


def _seq(frame: Frame) -> int:
    return int(frame["incident"]["seq"]) if frame.get("type") == "incident_update" else 0


@pytest.mark.parametrize("by", ["incidentId", "idempotencyKey"])
def test_two_equal_reports_at_once_are_stored_broadcast_and_mailed_once(
    deployment: Deployment, listener: WsClient, mailbox: Mailbox, by: str
) -> None:
    location = unique("Aula")
    message = _message(by, location)
    before = position(listener)

    with WsClient(deployment.ws_url) as first, WsClient(deployment.ws_url) as second:
        acks = _at_once(lambda: first.request(message), lambda: second.request(message))
    _let_everything_before_arrive(listener, mailbox)

    assert sorted(ack["duplicate"] for ack in acks) == [False, True]
    assert len({(ack["incidentId"], ack["seq"]) for ack in acks}) == 1
    _assert_once(deployment, listener, mailbox, location, before)


@pytest.mark.parametrize("by", ["incidentId", "idempotencyKey"])
def test_a_report_repeated_after_a_lost_ack_is_stored_broadcast_and_mailed_once(
    deployment: Deployment, listener: WsClient, mailbox: Mailbox, by: str
) -> None:
    location = unique("Aula")
    message = _message(by, location)
    before = position(listener)

    with WsClient(deployment.ws_url) as impatient:
        impatient.send(message | {"requestId": "lost"})
    listener.wait(lambda frame: frame.get("incident", {}).get("location") == location)
    with WsClient(deployment.ws_url) as client:
        ack = client.request(message)
    _let_everything_before_arrive(listener, mailbox)

    assert (ack["type"], ack["duplicate"]) == ("ack", True)
    _assert_once(deployment, listener, mailbox, location, before)


@pytest.mark.parametrize("by", ["incidentId", "idempotencyKey"])
def test_other_content_under_the_same_name_conflicts_and_changes_nothing(
    deployment: Deployment, listener: WsClient, by: str
) -> None:
    location = unique("Aula")
    message = _message(by, location)
    other = message | {"incident": message["incident"] | {"urgency": "low"}}

    first = listener.request(message)
    refused = listener.request(other)
    shown = http_request("GET", f"{deployment.http_url}/incidents/{first['incidentId']}").json()

    assert (refused["type"], refused["code"]) == ("error", "conflict")
    assert shown["incident"]["urgency"] == "high"
    assert len(shown["history"]) == 1


def _message(by: str, location: str) -> dict[str, Any]:
    body = incident(location=location, urgency="high")
    if by == "incidentId":
        return {"action": "notify", "incident": body | {"incidentId": unique("inc")}}
    return {"action": "notify", "incident": body, "idempotencyKey": unique("key")}


def _at_once(*requests: Any) -> list[Frame]:
    together = threading.Barrier(len(requests), timeout=30)

    def run(request: Any) -> Frame:
        together.wait()
        frame: Frame = request()
        return frame

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(run, requests))


def _let_everything_before_arrive(listener: WsClient, mailbox: Mailbox) -> None:
    """Wait for a later change: streams keep their order, so every earlier one has arrived."""
    location = unique("Fin")
    ack = listener.notify(incident(location=location, urgency="high"))
    listener.wait_update(ack["incidentId"])
    mailbox.about(location)


def _assert_once(
    deployment: Deployment, listener: WsClient, mailbox: Mailbox, location: str, before: int
) -> None:
    stored = [item for item in changes(deployment, before) if location in item["after"]["S"]]
    heard = [frame for frame in listener.frames if _seq(frame)]
    assert len(stored) == 1
    assert [frame["incident"]["location"] for frame in heard].count(location) == 1
    assert mailbox.locations().count(location) == 1
