"""``SmtpMailer`` and ``MaildirMailer`` where their vendors are particular."""

import logging
import ssl
import subprocess
from pathlib import Path

import pytest

from alerta_utec.adapters.local.message import Envelope
from alerta_utec.adapters.local.smtp import SmtpMailer, SmtpServer, Tls
from alerta_utec.adapters.memory import ManualClock
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Email
from tests.contract.mail_peers import SmtpPeer

ANA, LUZ = "ana@utec.example", "luz@utec.example"
ENVELOPE = Envelope("alerta@utec.example", (ANA, LUZ))
EMAIL = Email("<a.1@alerta-utec>", "Asunto", "Cuerpo ñ\n")


def _mailer(peer: SmtpPeer, tls: Tls = "offered", **settings: object) -> SmtpMailer:
    server = SmtpServer("127.0.0.1", peer.port, tls, **settings)  # type: ignore[arg-type]
    return SmtpMailer(server, ENVELOPE, ManualClock())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only those who are told trust, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    file, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=peer.example"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_the_message_has_the_headers_of_a_notice() -> None:
    with SmtpPeer() as peer:
        _mailer(peer).send(EMAIL)

        (message,) = peer.messages
        assert message["From"] == "alerta@utec.example"
        assert message["To"] == f"{ANA}, {LUZ}"
        assert message["Date"] == "Sun, 16 Nov 2025 18:12:00 +0000"
        assert message["Message-ID"] == "<a.1@alerta-utec>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content_charset() == "utf-8"
        assert peer.senders == ["alerta@utec.example"]
        assert peer.recipients == [[ANA, LUZ]]


def test_starttls_is_used_where_it_is_offered_whatever_the_certificate(
    server_tls: ssl.SSLContext,
) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        _mailer(peer).send(EMAIL)

        assert peer.encrypted == [True]


def test_without_an_offer_the_message_goes_in_clear() -> None:
    with SmtpPeer() as peer:
        _mailer(peer).send(EMAIL)

        assert peer.encrypted == [False]


def test_starttls_that_is_off_is_not_used(server_tls: ssl.SSLContext) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        _mailer(peer, "off").send(EMAIL)

        assert peer.encrypted == [False]


def test_required_starttls_wants_an_offer() -> None:
    with SmtpPeer() as peer:
        with pytest.raises(Unavailable):
            _mailer(peer, "required").send(EMAIL)

        assert peer.messages == []


def test_required_starttls_wants_a_certificate_that_checks_out(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            _mailer(peer, "required").send(EMAIL)
        assert peer.messages == []

        _mailer(peer, "required", trust=trust).send(EMAIL)
        assert peer.encrypted == [True]


def test_implicit_tls_wants_a_certificate_that_checks_out(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with SmtpPeer(tls=server_tls, implicit_tls=True) as peer:
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            _mailer(peer, "implicit").send(EMAIL)
        assert peer.messages == []

        _mailer(peer, "implicit", trust=trust).send(EMAIL)
        assert peer.encrypted == [True]


def test_user_and_password_are_given(server_tls: ssl.SSLContext) -> None:
    with SmtpPeer(tls=server_tls, login=("usuario", "clave")) as peer:
        _mailer(peer, user="usuario", password="clave").send(EMAIL)

        assert len(peer.messages) == 1


def test_a_wrong_password_is_unavailable_and_is_told_to_nobody(
    server_tls: ssl.SSLContext,
) -> None:
    with SmtpPeer(tls=server_tls, login=("usuario", "clave")) as peer:
        mailer = _mailer(peer, user="usuario", password="equivocada")

        with pytest.raises(Unavailable) as refusal:
            mailer.send(EMAIL)

        assert str(refusal.value) == "SMTP: SMTPAuthenticationError 535"
        assert "equivocada" not in repr(SmtpServer("h", 1, user="u", password="equivocada"))
        assert peer.messages == []


def test_a_recipient_refused_for_now_is_tried_again_alone() -> None:
    with SmtpPeer(refuse={LUZ: f"450 {LUZ} greylisted"}) as peer:
        mailer = _mailer(peer)

        with pytest.raises(Unavailable) as refusal:
            mailer.send(EMAIL)
        peer.refuse.clear()
        mailer.send(EMAIL)

        assert str(refusal.value) == "SMTP: refused with 450"
        assert peer.recipients == [[ANA], [LUZ]]


def test_a_recipient_refused_for_good_holds_up_nobody_and_is_logged_without_its_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with SmtpPeer(refuse={LUZ: f"550 {LUZ} no such user"}) as peer, caplog.at_level(logging.INFO):
        _mailer(peer).send(EMAIL)

        assert peer.recipients == [[ANA]]
        (record,) = (r for r in caplog.records if r.name.startswith("alerta_utec"))
        assert record.message == "email_refused_for_some"
        assert LUZ not in str(record.__dict__)


def test_a_recipient_refused_for_good_after_the_others_have_it_ends_the_matter() -> None:
    with SmtpPeer(refuse={LUZ: "450 greylisted"}) as peer:
        mailer = _mailer(peer)
        with pytest.raises(Unavailable):
            mailer.send(EMAIL)

        peer.refuse[LUZ] = "550 no such user"
        mailer.send(EMAIL)

        assert peer.recipients == [[ANA]]


@pytest.mark.parametrize("reply", ["450 later", "550 never"])
def test_an_email_that_nobody_takes_is_unavailable(reply: str) -> None:
    with SmtpPeer(refuse={ANA: f"{reply} {ANA}", LUZ: f"{reply} {LUZ}"}) as peer:
        with pytest.raises(Unavailable) as refusal:
            _mailer(peer).send(EMAIL)

        assert str(refusal.value) == f"SMTP: refused with {reply[:3]}"
        assert peer.messages == []


@pytest.mark.parametrize("reply", ["452 full", "554 refused", "421 closing"])
def test_an_email_that_is_refused_at_its_end_is_unavailable_and_tried_again_whole(
    reply: str,
) -> None:
    replies = [reply]
    with SmtpPeer(on_data=lambda: replies.pop() if replies else "250 OK") as peer:
        mailer = _mailer(peer)

        with pytest.raises(Unavailable, match=reply[:3]):
            mailer.send(EMAIL)
        mailer.send(EMAIL)

        assert peer.recipients == [[ANA, LUZ]]


def test_an_email_that_was_taken_whole_is_not_sent_again_by_this_process() -> None:
    with SmtpPeer() as peer:
        mailer = _mailer(peer)

        mailer.send(EMAIL)
        mailer.send(EMAIL)

        assert len(peer.messages) == 1


def test_a_server_that_hangs_up_is_unavailable() -> None:
    with SmtpPeer(refuse={ANA: "421 shutting down"}) as peer:
        with pytest.raises(Unavailable) as refusal:
            _mailer(peer).send(EMAIL)

        assert str(refusal.value) == "SMTP: refused with 421"
