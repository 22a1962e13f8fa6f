"""A storm of reports, with a kill in its middle: every recipient gets every incident."""

import re
from collections import Counter
from typing import Any

from tests.conftest import ServeFactory
from tests.contract.mail_peers import SmtpPeer
from tests.faults.mail import mail_environment
from tests.faults.test_mail import email_of
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.mail_gate import MailGate
from tests.support.wsclient import WsClient

_ID = re.compile(r"^(?:Identificador: +|  \d\d/\d\d/\d{4} \d\d:\d\d:\d\d  )(\S+)", re.MULTILINE)
SMOKE = {"type": "humo", "location": "Cocina", "urgency": "medium"}


def told(peer: SmtpPeer) -> Counter[str]:
    """Return how often each incident is in an e-mail."""
    return Counter(
        name
        for message in list(peer.messages)
        for name in _ID.findall(message.get_content().replace("\r\n", "\n"))
    )


def environment(port: int, **more: str) -> dict[str, str]:
    """Return the environment of a server that mails through ``port`` in 2 s windows."""
    return mail_environment(port) | {"ALERTA_MAIL_WINDOW": "2", "ALERTA_MAIL_LIMIT": "20"} | more


def report(server: Any, *several: dict[str, Any]) -> list[str]:
    """Report these incidents and return their ids."""
    with WsClient(server.ws_url) as client:
        return [client.notify(incident(**fields))["incidentId"] for fields in several]


def test_reports_of_one_place_leave_as_one_digest_and_the_record_says_so(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    server = serve(environment=environment(peer.port, ALERTA_MAIL_WINDOW="8"))

    first, *others = report(server, *[SMOKE] * 4)
    grave = report(server, SMOKE | {"urgency": "high"})[0]
    eventually(lambda: set(told(peer)) == {first, grave})
    held = email_of(server, others[0])
    eventually(lambda: set(others) <= told(peer).keys(), within_s=40)
    eventually(lambda: email_of(server, others[2])["result"] == "sent")

    assert (held["result"], held["because"]) == ("held", "grouped")
    assert held["until"] > held["at"]
    assert set(told(peer).values()) == {1}
    assert [str(message["Subject"]) for message in peer.messages] == [
        "[Alerta UTEC] MEDIA: humo - Cocina",
        "[Alerta UTEC] ALTA: humo - Cocina",
        "[Alerta UTEC] MEDIA: 3 incidentes mas: humo - Cocina",
    ]
    sent = email_of(server, others[2])
    assert (sent["held"], sent["with"]) == ("grouped", 2)


def test_held_notifications_survive_a_kill(serve: ServeFactory, peer: SmtpPeer) -> None:
    server = serve(environment=environment(peer.port))
    names = report(server, *[SMOKE] * 5)
    server.kill9()

    server.start()
    names += report(server, *[SMOKE] * 5)
    server.kill9()
    server.start()

    eventually(lambda: set(names) <= told(peer).keys())
    assert told(peer).keys() == set(names)
    # At least once: a kill can repeat the e-mail under way, with the same Message-ID.
    distinct = {str(message["Message-ID"]): message for message in peer.messages}
    assert len(peer.messages) <= len(distinct) + 2
    once = Counter(
        name
        for message in distinct.values()
        for name in _ID.findall(message.get_content().replace("\r\n", "\n"))
    )
    assert set(once.values()) == {1}


def test_a_digest_waits_while_the_mail_server_is_down(serve: ServeFactory, peer: SmtpPeer) -> None:
    with MailGate(peer.port) as gate:
        server = serve(environment=environment(gate.port))
        gate.fault = "refuse"
        names = report(server, *[SMOKE] * 4)
        eventually(lambda: email_of(server, names[-1]).get("result") == "failed")
        server.kill9()
        gate.fault = "none"

        server.start()

        eventually(lambda: set(names) <= told(peer).keys())
        eventually(lambda: email_of(server, names[-1])["result"] == "sent")
        assert email_of(server, names[-1])["with"] == 2


def test_high_reports_and_all_clears_leave_over_the_limit_and_the_rest_is_held(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    limit = 3
    server = serve(environment=environment(peer.port, ALERTA_MAIL_LIMIT=str(limit)))

    names = report(server, *(SMOKE | {"location": f"Aula {n}"} for n in range(limit + 2)))
    grave = report(server, SMOKE | {"location": "Patio", "urgency": "high"})
    with WsClient(server.ws_url) as client:
        client.request({"action": "update", "incidentId": names[-1], "status": "resuelto"})

    eventually(lambda: len(peer.messages) == limit + 2)
    assert told(peer).keys() == {*names[:limit], *grave, names[-1]}
    held = [email_of(server, name) for name in names[limit : limit + 1]]
    assert [(one["result"], one["because"]) for one in held] == [("held", "limit")]
