"""A broken mail server: incidents are stored and broadcast without delay, and mailed later."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.mail_peers import SmtpPeer
from tests.faults.mail import mail_environment, message_ids
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.mail_gate import Fault, MailGate
from tests.support.server import Server
from tests.support.wsclient import WsClient

DAY_US = 24 * 3600 * 1_000_000


@pytest.mark.parametrize("fault", ["refuse", "hang", "garbage", "drop"])
def test_a_broken_mail_server_delays_no_client_and_gets_the_email_later(
    serve: ServeFactory, peer: SmtpPeer, fault: Fault
) -> None:
    with MailGate(peer.port) as gate:
        server = serve(environment=mail_environment(gate.port))
        gate.fault = fault
        with WsClient(server.ws_url) as client:
            ack = client.notify(incident(urgency="high"))
            client.wait_update(ack["incidentId"], timeout_s=5)
            eventually(lambda: gate.connections > 0)
            later = client.notify(incident(urgency="low"))
            client.wait_update(later["incidentId"], timeout_s=5)

        eventually(lambda: email_of(server, ack["incidentId"]).get("result") == "failed")
        gate.fault = "none"

        eventually(lambda: email_of(server, ack["incidentId"]).get("result") == "sent")
        mailed = message_ids(peer.messages)

    assert mailed.keys() == {ack["incidentId"]}
    found = mailed[ack["incidentId"]]
    assert len(set(found)) == 1
    assert (len(found) > 1) == (fault == "drop")
    assert "Traceback" not in server.output


def test_an_email_that_fails_for_a_day_is_given_up_and_shown(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    peer.refuse["guardia@example.edu"] = "451 later"
    server = serve(environment=mail_environment(peer.port))
    with WsClient(server.ws_url) as client:
        ack = client.notify(incident(urgency="high"))
    eventually(lambda: email_of(server, ack["incidentId"]).get("result") == "failed")
    server.stop()
    make_older(server, DAY_US)

    server.start()

    eventually(lambda: email_of(server, ack["incidentId"]).get("result") == "given_up")
    shown = email_of(server, ack["incidentId"])
    assert shown["because"] == "SMTP: refused with 451"
    assert shown["attempts"] >= 2
    eventually(lambda: "email_given_up" in server.output)
    [line] = [line for line in server.output.splitlines() if "email_given_up" in line]
    assert " ERROR " in line
    assert "451" in line
    assert not message_ids(peer.messages)
    with closing(sqlite3.connect(server.data / "alerta.db")) as connection:
        notices = connection.execute("SELECT state, reason FROM notices").fetchall()
    assert notices == [("given_up", "SMTP: refused with 451")]


def email_of(server: Server, incident_id: str) -> dict[str, Any]:
    """Return the record of an incident's e-mail."""
    shown = http_request("GET", f"{server.http_url}/incidents/{incident_id}").json()
    found = [entry for entry in shown["deliveries"] if entry["channel"] == "email"]
    return found[0] if found else {}


def make_older(server: Server, by_us: int) -> None:
    """Age every pending e-mail of the stopped server, and its attempts with it."""
    with closing(sqlite3.connect(server.data / "alerta.db", isolation_level=None)) as connection:
        connection.execute("UPDATE notices SET owed_since_us = owed_since_us - ?", (by_us,))
        connection.execute("UPDATE notices SET next_at_us = owed_since_us, attempts = 9")
