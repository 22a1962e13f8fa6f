"""E-mails about incidents: over real SMTP, and into the Maildir without a mail server."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.contract.mail_peers import SmtpPeer, read_maildir
from tests.support.eventually import eventually
from tests.support.incidents import SEED_MESSAGE, incident
from tests.support.server import Server
from tests.support.wsclient import WsClient

MAIL_S = 20.0
TO = "guardia@example.edu"
# The founding document's second example.
HEAT = {
    "type": "temperatura elevada",
    "location": "Laboratorio B",
    "description": "Temperatura del servidor por encima de 70 °C",
    "urgency": "medium",
    "status": "pendiente",
    "timestamp": "2025-11-16T18:12:00Z",
}


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    """Yield a mail server."""
    with SmtpPeer() as listening:
        yield listening


def with_mail(peer: SmtpPeer) -> dict[str, str]:
    """Return the environment of a server that mails through ``peer``."""
    return {
        "ALERTA_MAIL_URL": f"smtp://127.0.0.1:{peer.port}",
        "ALERTA_MAIL_FROM": "alerta@example.edu",
        "ALERTA_MAIL_TO": TO,
    }


def wait_mail(read: Callable[[], list[EmailMessage]], count: int = 1) -> list[EmailMessage]:
    """Wait for ``count`` messages and return them."""
    return eventually(
        read, f"{count} e-mails", accept=lambda found: len(found) >= count, within_s=MAIL_S
    )


def mails_of(server: Server) -> Callable[[], list[EmailMessage]]:
    """Return a reader of the server's Maildir."""
    folder: Path = server.data / "mail"

    def read() -> list[EmailMessage]:
        complete = all((folder / part).is_dir() for part in ("tmp", "new", "cur"))
        return read_maildir(folder) if complete else []

    return read


def test_the_emails_of_a_drill_are_marked_up_to_its_all_clear(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    server = serve(environment=with_mail(peer))

    with WsClient(server.ws_url) as client:
        name = client.notify(HEAT | {"drill": True})["incidentId"]
        client.request({"action": "update", "incidentId": name, "status": "resuelto"})

    messages = wait_mail(lambda: peer.messages, 2)
    subjects = {str(message["Subject"]).split(":")[0] for message in messages}
    assert subjects == {
        "[Alerta UTEC] SIMULACRO - MEDIA",
        "[Alerta UTEC] SIMULACRO - RESUELTO",
    }
    assert all(message.get_content().startswith("SIMULACRO: ") for message in messages)


def test_a_grave_report_leaves_at_once_after_the_one_before_it_was_resolved(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    server = serve(environment=with_mail(peer))
    fire = {"type": "incendio", "location": "Torre A", "urgency": "high"}

    with WsClient(server.ws_url) as client:
        first = client.notify(incident(**fire, description="humo"))["incidentId"]
        client.request({"action": "update", "incidentId": first, "status": "resuelto"})
        client.notify(incident(**fire, description="llamas"))

    texts = [message.get_content() for message in wait_mail(lambda: peer.messages, 3)]
    assert sum("llamas" in text for text in texts) == 1


def test_one_person_sends_five_e_mails_at_once(serve: ServeFactory, peer: SmtpPeer) -> None:
    server = serve(environment=with_mail(peer))

    with WsClient(server.ws_url) as client:
        for number in range(30):
            place = f"Aula {number}"
            name = client.notify(incident(type="incendio", location=place, urgency="high"))[
                "incidentId"
            ]
        client.notify(HEAT)

    messages = wait_mail(lambda: peer.messages, 6)
    url = f"{server.http_url}/incidents/{name}"
    deliveries = eventually(
        lambda: {one["channel"]: one for one in http_request("GET", url).json()["deliveries"]},
        "the record of the last e-mail",
        accept=lambda found: "email" in found,
        within_s=MAIL_S,
    )
    delivery = deliveries["email"]
    assert (delivery["result"], delivery["reason"]) == ("held", "reporter")
    assert len(messages) == 6


def test_an_e_mail_links_to_the_panel_at_the_public_url_and_has_no_link_without_one(
    serve: ServeFactory, peer: SmtpPeer, tmp_path: Path
) -> None:
    public = "https://alerta.example.edu/alerta"
    known = serve(options=("--public-url", public), environment=with_mail(peer))
    unknown = serve(data=tmp_path / "otro")

    with WsClient(known.ws_url) as client:
        name = client.notify(HEAT)["incidentId"]
    with WsClient(unknown.ws_url) as client:
        client.notify(HEAT)

    [message] = wait_mail(lambda: peer.messages)
    [without] = wait_mail(mails_of(unknown))
    assert f"En el panel:   {public}/#i={name}" in message.get_content().splitlines()
    assert "://" not in without.get_content()


def test_an_incident_is_mailed_over_smtp_with_every_field(
    serve: ServeFactory, peer: SmtpPeer
) -> None:
    server = serve(environment=with_mail(peer))

    with WsClient(server.ws_url) as client:
        ack = client.notify(HEAT | {"piso": 3})

    [message] = wait_mail(lambda: peer.messages)
    assert peer.recipients == [[TO]]
    assert peer.senders == ["alerta@example.edu"]
    assert message["Subject"] == "[Alerta UTEC] MEDIA: temperatura elevada - Laboratorio B"
    text = message.get_content()
    for part in (
        *("temperatura elevada", "Laboratorio B", "media", "pendiente", "por encima de 70 °C"),
        *("16/11/2025 13:12:00 (America/Lima)", "2025-11-16 18:12:00 UTC"),
        *(ack["incidentId"], "piso: 3"),
    ):
        assert part in text
    assert not mails_of(server)()


def test_an_email_goes_to_the_maildir_without_a_mail_server(
    serve: ServeFactory,
) -> None:
    server = serve()

    with WsClient(server.ws_url) as client:
        client.send_text(SEED_MESSAGE)
        client.wait(lambda frame: frame.get("type") == "incident_update")

    [message] = wait_mail(mails_of(server))
    assert message["Subject"] == "[Alerta UTEC] ALTA: prueba - Laboratorio A"
    assert "Mensaje de prueba en tiempo real" in message.get_content()


def test_low_urgency_and_duplicates_are_not_mailed(serve: ServeFactory) -> None:
    server = serve()

    with WsClient(server.ws_url) as client:
        client.notify(incident(urgency="low"))
        for _ in range(2):
            client.notify(incident(urgency="medium", incidentId="aula-1"))
        client.notify(incident(urgency="high", incidentId="aula-2"))

    messages = wait_mail(mails_of(server), 2)
    bodies = sorted(message.get_content() for message in messages)
    assert len(messages) == 2
    assert sum("aula-1" in body for body in bodies) == 1
    assert sum("aula-2" in body for body in bodies) == 1


def test_an_email_pending_at_a_crash_is_sent_after_the_restart(
    serve: ServeFactory,
) -> None:
    replies = ["451 later"]
    with SmtpPeer(on_data=lambda: replies[-1]) as peer:
        server = serve(environment=with_mail(peer))
        with WsClient(server.ws_url) as client:
            ack = client.notify(HEAT)
        server.kill9()
        replies.append("250 OK")

        server.start()

        [message] = wait_mail(lambda: peer.messages)
    assert ack["incidentId"] in message.get_content()


def test_a_mail_server_that_refuses_delays_no_client_and_gets_the_email_later(
    serve: ServeFactory,
) -> None:
    replies = ["451 later"]
    with SmtpPeer(on_data=lambda: replies.pop() if replies else "250 OK") as peer:
        server = serve(environment=with_mail(peer))
        with WsClient(server.ws_url) as client:
            ack = client.notify(HEAT)

            client.wait_update(ack["incidentId"])

        [message] = wait_mail(lambda: peer.messages)
    assert ack["incidentId"] in message.get_content()
