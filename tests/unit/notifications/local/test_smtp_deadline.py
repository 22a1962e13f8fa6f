"""``SmtpMailer`` with a server whose answers never end."""

import threading
import time
from email.message import EmailMessage

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.local.smtp import TIMEOUT_S, SmtpConnection, SmtpMailer, SmtpServer
from alerta_utec.notifications.mailer import Email
from tests.contract.mail_peers import SmtpPeer
from tests.support.mail_gate import Fault, MailGate

ENVELOPE = Envelope("alerta@utec.example", "guardia@utec.example")
EMAIL = Email("<a.1@alerta-utec>", "Asunto", "Cuerpo\n")


def send_through(fault: Fault, deadline_s: float) -> list[EmailMessage]:
    """Return what arrives of an e-mail through a gate with a fault."""
    with SmtpPeer() as peer, MailGate(peer.port) as gate:
        gate.fault = fault
        server = SmtpServer("127.0.0.1", gate.port)
        connection = SmtpConnection(server, deadline_s=deadline_s)
        SmtpMailer(connection, ENVELOPE).send(EMAIL)
        connection.close_idle()
        return peer.messages


def timers() -> list[threading.Thread]:
    """Return the deadlines that have not been cancelled."""
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_slow_conversation_ends_at_its_deadline() -> None:
    started = time.monotonic()

    with pytest.raises(Unavailable):
        send_through("drip", deadline_s=0.5)

    assert 0.4 < time.monotonic() - started < TIMEOUT_S


def test_the_deadline_is_cancelled_when_the_conversation_ends() -> None:
    before = timers()

    messages = send_through("none", deadline_s=600)
    with pytest.raises(Unavailable):
        send_through("refuse", deadline_s=600)

    assert len(messages) == 1
    for thread in timers():
        thread.join(5)
    assert set(timers()) <= set(before)
