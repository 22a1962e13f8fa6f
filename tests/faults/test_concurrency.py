"""Many concurrent submitters, and repeated submissions."""

from typing import Any

import pytest

from tests.conftest import ServeFactory
from tests.contract.mail_peers import SmtpPeer
from tests.faults.mail import mail_environment, wait_mailed
from tests.support.follower import View, follow
from tests.support.incidents import incident
from tests.support.load import Frame, Talker, run
from tests.support.server import Server
from tests.support.submitters import send_and_vanish, submit_in_processes
from tests.support.wsclient import WsClient

PROCESSES = 4
CLIENTS = 50
EACH = 5


def notify(name: str, **fields: Any) -> dict[str, Any]:
    """Return a submission with a key, urgent enough for an e-mail."""
    return {"action": "notify", "incident": incident(**fields), "idempotencyKey": name}


def test_200_submitters_in_4_processes_leave_a_feed_without_holes(serve: ServeFactory) -> None:
    server = serve()
    work = [
        [[notify(f"{p}-{c}-{n}") for n in range(EACH)] for c in range(CLIENTS)]
        for p in range(PROCESSES)
    ]
    total = PROCESSES * CLIENTS * EACH
    with WsClient(server.ws_url) as listener:
        acks = submit_in_processes(server.port, work)

        listener.wait(lambda _frame: len(listener.frames) >= total)
        listener.ping()
        told = [frame for frame in listener.frames if frame["type"] == "incident_update"]

    every_seq = list(range(1, total + 1))
    assert sorted(ack["seq"] for ack in acks) == every_seq
    assert len({ack["incidentId"] for ack in acks}) == total
    assert not any(ack["duplicate"] for ack in acks)
    assert [frame["incident"]["seq"] for frame in told] == every_seq


@pytest.mark.parametrize("named_by", ["incidentId", "idempotencyKey"])
def test_one_submission_sent_200_times_at_once_is_one_change_one_broadcast_and_one_email(
    serve: ServeFactory, peer: SmtpPeer, named_by: str
) -> None:
    server = serve(environment=mail_environment(peer.port))
    message = notify("k", urgency="high")
    if named_by == "incidentId":
        message = {
            "action": "notify",
            "incident": incident(urgency="high", incidentId="aula-1"),
        }
    with WsClient(server.ws_url) as listener:
        answers = submit_in_processes(server.port, [[[message]] * CLIENTS] * PROCESSES)
        last = listener.notify(incident(urgency="high"))
        listener.wait_update(last["incidentId"])
        told = [frame for frame in listener.frames if frame["type"] == "incident_update"]

    assert {(answer["type"], answer["seq"], answer["revision"]) for answer in answers} == {
        ("ack", 1, 1)
    }
    assert sorted(answer["duplicate"] for answer in answers) == [False] + [True] * 199
    assert [frame["incident"]["seq"] for frame in told] == [1, 2]
    ids = {answers[0]["incidentId"], last["incidentId"]}
    mailed = wait_mailed(peer.messages, ids)
    assert {name: len(found) for name, found in mailed.items()} == dict.fromkeys(ids, 1)


def test_a_submission_whose_ack_was_lost_is_repeated_without_effect(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    server = serve(environment=mail_environment(peer.port))

    async def lose_and_repeat() -> tuple[View, list[Frame]]:
        view = View()
        listener = await follow(server.port, view)
        for number in range(20):
            await send_and_vanish(server.port, notify(f"k{number}", urgency="medium"))
        client = await Talker().open(server.port)
        answers = [
            await client.request(notify(f"k{number}", urgency="medium")) for number in range(20)
        ]
        await listener.request({"action": "ping"})
        return view, answers

    view, answers = run(lose_and_repeat())

    assert {answer["type"] for answer in answers} == {"ack"}
    assert sorted(answer["seq"] for answer in answers) == list(range(1, 21))
    assert view.incidents.keys() == {answer["incidentId"] for answer in answers}
    assert view.repeats == 0
    mailed = wait_mailed(peer.messages, view.incidents)
    assert {len(found) for found in mailed.values()} == {1}


def test_concurrent_reports_of_other_content_under_one_id_conflict(server: Server) -> None:
    def different(number: int) -> dict[str, Any]:
        return notify("conflicto", description=str(number))

    work = [[[different(p * CLIENTS + c)] for c in range(CLIENTS)] for p in range(2)]

    answers = submit_in_processes(server.port, work)

    acks = [answer for answer in answers if answer["type"] == "ack"]
    assert len(acks) == 1
    assert {answer.get("code", "") for answer in answers} == {"", "conflict"}
    assert all("requestId" in answer for answer in answers)
    with WsClient(server.ws_url) as client:
        [winner] = [n for n, answer in enumerate(answers) if answer["type"] == "ack"]
        again = client.request(different(winner))
    assert again["duplicate"]
    assert again["incidentId"] == acks[0]["incidentId"]


def test_a_late_retry_undoes_no_later_change(serve: ServeFactory, peer: SmtpPeer) -> None:
    server = serve(environment=mail_environment(peer.port))
    message = notify("tarde", urgency="high")
    with WsClient(server.ws_url) as client:
        first = client.request(message)
        resolved = {"action": "update", "incidentId": first["incidentId"], "status": "resuelto"}
        assert client.request(resolved)["revision"] == 2

        late = client.request(message)

        page = client.request({"action": "sync", "since": epoch_start(client)})
        last = client.notify(incident(urgency="high"))
        client.wait_update(last["incidentId"])
        told = [frame["incident"] for frame in client.frames if "incident" in frame]

    assert late == first | {"duplicate": True, "requestId": late["requestId"]}
    [held] = page["incidents"]
    assert (held["status"], held["revision"]) == ("resuelto", 2)
    assert page["position"].endswith(":2")
    assert [(each["seq"], each["revision"]) for each in told] == [(1, 1), (2, 2), (3, 1)]
    mailed = wait_mailed(peer.messages, {last["incidentId"]})
    # The alarm, and the all-clear of revision 2.
    assert len(mailed[first["incidentId"]]) == len(set(mailed[first["incidentId"]])) == 2


def epoch_start(client: WsClient) -> str:
    """Return the position before the first change."""
    return str(client.ping()["position"].rpartition(":")[0]) + ":0"
